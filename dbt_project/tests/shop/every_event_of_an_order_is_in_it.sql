with

staged as (
    select
        order_id,
        count(*) as events
    from {{ ref('stg_shop__order_events') }}
    group by order_id
)

select
    coalesce(staged.order_id, orders.order_id) as order_id,
    staged.events,
    orders.source_rows as events_in_order
from staged
full outer join {{ ref('fct_orders') }} as orders
    on staged.order_id = orders.order_id
where coalesce(staged.events, 0) <> coalesce(orders.source_rows, 0)
