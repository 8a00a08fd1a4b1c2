{{ config(materialized='view') }}

with

final as (
    {% for kind in feeding_sources('customer_activity') %}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        customer_key,
        {{ source_system_of(kind, 'tenant_key') }} as source_system,
        domain,
        activity_date
    from {{ ref('int_' ~ kind ~ '__customer_activity') }}
    {% else %}
    select
        cast(null as {{ dbt.type_string() }}) as tenant_key,
        cast(null as {{ dbt.type_string() }}) as customer_key,
        cast(null as {{ dbt.type_string() }}) as source_system,
        cast(null as {{ dbt.type_string() }}) as domain,
        cast(null as date) as activity_date
    limit 0
    {% endfor %}
)

select * from final
