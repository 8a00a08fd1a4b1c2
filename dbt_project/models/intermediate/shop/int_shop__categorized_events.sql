{{ config(materialized='view') }}

with

events as (
    select * from {{ ref('fct_product_events') }}
),

products as (
    select * from {{ ref('int_shop__products') }}
),

final as (
    select
        events.event_id,
        events.tenant_key,
        products.category,
        events.user_id,
        events.event_type,
        events.units_sold,
        events.revenue_amount,
        events.is_in_tenant_currency,
        events.has_unknown_quantity,
        events.has_unknown_price,
        events.event_date
    from events
    inner join products
        on
            events.tenant_key = products.tenant_key
            and events.product_id = products.product_id
)

select * from final
