{{ config(materialized='view') }}

with

final as (
    {% for source_system in feeding_sources('purchases') %}
    {{ 'union all' if not loop.first }}
    select
        purchase_id,
        tenant_key,
        customer_key,
        '{{ source_system }}' as source_system,
        currency_code,
        amount,
        purchase_date,
        purchased_at
    from {{ ref('int_' ~ source_system ~ '__purchases') }}
    {% endfor %}
)

select * from final
