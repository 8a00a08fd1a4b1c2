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
        cast(coalesce(order_amount, 0) as numeric(38, 9)) as amount,
        paid_date as purchase_date,
        paid_at as purchased_at
    from orders
    where is_paid and user_id is not null
)

select * from final
