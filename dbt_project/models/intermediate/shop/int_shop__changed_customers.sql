{{ changed_customers('customer_key', [
    [ref('int_shop__changed_users'), 'user_id', ref('int_shop__web_users')],
    [
        ref('int_shop__changed_product_events'), 'event_id',
        ref('fct_product_events')
    ],
    [ref('int_shop__changed_orders'), 'order_id', ref('fct_orders')],
]) }}
{{ union_keys_of_passed_days('fct_web_events', 'customer_key', ['event_date']) }}
{{ union_keys_of_passed_days('fct_product_events', 'customer_key', ['event_date']) }}
{{ union_keys_of_passed_days('fct_orders', 'customer_key', ['first_event_date']) }}
