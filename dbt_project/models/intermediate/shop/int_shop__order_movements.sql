{{ config(materialized='view') }}

with

orders as (
    select * from {{ ref('fct_orders') }}
),

final as (
    {% for movement, moved_date, condition in [
        ('created', 'created_date', 'has_created_event'),
        ('seen', 'first_event_date', 'not has_created_event'),
        ('paid', 'paid_date', 'is_paid'),
        ('cancelled', 'cancelled_date', 'is_cancelled')
    ] -%}
    {{ 'union all' if not loop.first }}
    select
        order_id,
        tenant_key,
        payment_method,
        currency_code,
        '{{ movement }}' as movement,
        user_id,
        items_count,
        order_amount,
        is_cancelled_after_payment,
        {{ moved_date }} as moved_date
    from orders
    where {{ condition }}
    {% endfor %}
)

select * from final
