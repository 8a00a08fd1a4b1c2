with

paid as (
    select distinct order_id
    from {{ ref('stg_shop__order_events') }}
    where event_type = 'payment_completed'
),

expected as (
    select
        orders.currency_code,
        count(orders.paid_date) as orders_paid,
        coalesce(sum(orders.order_amount), 0) as gross_amount
    from paid
    inner join {{ ref('fct_orders') }} as orders on paid.order_id = orders.order_id
    inner join {{ ref('int_shop__tenants') }} as tenants
        on
            orders.tenant_key = tenants.tenant_key
            and orders.paid_date <= tenants.local_date
    group by orders.currency_code
),

sold as (
    select
        currency_code,
        sum(orders_paid) as orders_paid,
        sum(gross_amount) as gross_amount
    from {{ ref('sales_daily') }}
    group by currency_code
)

select
    coalesce(expected.currency_code, sold.currency_code) as currency_code,
    expected.gross_amount,
    sold.gross_amount as gross_amount_of_days
from expected
full outer join sold on expected.currency_code = sold.currency_code
where
    coalesce(expected.orders_paid, 0) <> coalesce(sold.orders_paid, 0)
    or coalesce(expected.gross_amount, 0) <> coalesce(sold.gross_amount, 0)
