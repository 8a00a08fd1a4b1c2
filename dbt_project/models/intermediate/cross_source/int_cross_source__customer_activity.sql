{{ config(materialized='view') }}

with

final as (
    {% for source_system in feeding_sources('customer_activity') %}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        customer_key,
        '{{ source_system }}' as source_system,
        domain,
        activity_date
    from {{ ref('int_' ~ source_system ~ '__customer_activity') }}
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
