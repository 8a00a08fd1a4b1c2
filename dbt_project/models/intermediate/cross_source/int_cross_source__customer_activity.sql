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
    {% endfor %}
)

select * from final
