with

orders as (
    select * from {{ ref('fct_orders') }}
),

final as (
    select
        order_id as purchase_id,
        tenant_key,
        customer_key,
        user_id as customer_id,
        currency_code,
        net_amount as amount,
        paid_date as purchase_date,
        paid_at as purchased_at
    from orders
    where net_amount > 0 and user_id is not null and paid_date is not null
)

select * from final
