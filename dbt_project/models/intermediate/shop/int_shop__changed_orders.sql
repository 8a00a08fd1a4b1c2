{% set changed %}
    select {{ identifier('order_id') }} as order_id
    from {{ touched_versions('shop', 'order_events') }} as versions
{% endset -%}
{{ with_days_before(
    changed,
    'order_id',
    [
        ['fct_orders', 'first_event_date', 'customer_key'],
        ['fct_orders', 'created_date'],
        ['fct_orders', 'payment_started_date'],
        ['fct_orders', 'paid_date'],
        ['fct_orders', 'cancelled_date'],
        ['int_shop__refunds', 'refunded_date']
    ]
) }}
