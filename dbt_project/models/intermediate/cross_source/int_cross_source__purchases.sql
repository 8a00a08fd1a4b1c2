{{ config(materialized='view') }}

with

final as (
    {% for kind in feeding_sources('purchases') %}
    {{ 'union all' if not loop.first }}
    select
        purchase_id,
        tenant_key,
        customer_key,
        {{ source_system_of(kind, 'tenant_key') }} as source_system,
        currency_code,
        amount,
        purchase_date,
        purchased_at
    from {{ ref('int_' ~ kind ~ '__purchases') }}
    {% else %}
    select
        cast(null as {{ dbt.type_string() }}) as purchase_id,
        cast(null as {{ dbt.type_string() }}) as tenant_key,
        cast(null as {{ dbt.type_string() }}) as customer_key,
        cast(null as {{ dbt.type_string() }}) as source_system,
        cast(null as {{ dbt.type_string() }}) as currency_code,
        cast(null as numeric(38, 9)) as amount,
        cast(null as date) as purchase_date,
        {{ timestamp_literal('1970-01-01T00:00:00Z') }} as purchased_at
    limit 0
    {% endfor %}
)

select * from final
