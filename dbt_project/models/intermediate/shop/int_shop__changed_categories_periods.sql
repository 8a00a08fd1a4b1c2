{# int_shop__categorized_events are fct_product_events, with categories of products. -#}
{{ changed_periods([
    [
        ref('int_shop__changed_product_events'), 'event_id',
        ref('fct_product_events'), 'event_date'
    ],
    [
        ref('int_shop__renamed_products'), 'product_id',
        ref('fct_product_events'), 'event_date'
    ],
]) }}
