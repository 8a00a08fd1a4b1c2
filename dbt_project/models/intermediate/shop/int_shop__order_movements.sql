{{ config(materialized='view') }}

with

orders as (
    select * from {{ ref('fct_orders') }}
),

refunds as (
    select * from {{ ref('int_shop__refunds') }}
),

final as (
    {% for movement, moved_date, payment_method, amount, condition in [
        ('created', 'created_date', 'payment_method', 'order_amount',
         'has_created_event'),
        ('seen', 'first_event_date', 'payment_method', 'order_amount',
         'not has_created_event'),
        ('payment_started', 'payment_started_date', 'payment_started_method',
         'order_amount', 'payment_started_method is not null'),
        ('paid', 'paid_date', 'payment_method', 'paid_amount', 'is_paid'),
        ('cancelled', 'cancelled_date', 'payment_method', 'cancelled_amount',
         'is_cancelled')
    ] -%}
    select
        order_id,
        tenant_key,
        {{ payment_method }} as payment_method,
        currency_code,
        '{{ movement }}' as movement,
        user_id,
        items_count,
        {{ amount }} as amount,
        is_paid,
        is_cancelled_after_payment,
        {{ moved_date }} as moved_date
    from orders
    where {{ condition }}
    union all
    {% endfor -%}
    select
        order_id,
        tenant_key,
        payment_method,
        currency_code,
        'refunded' as movement,
        user_id,
        cast(null as bigint) as items_count,
        refunded_amount as amount,
        cast(null as boolean) as is_paid,
        cast(null as boolean) as is_cancelled_after_payment,
        refunded_date as moved_date
    from refunds
)

select * from final
