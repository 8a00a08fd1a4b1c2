{#
    By the clicked_date of int_shop__recommendation_movements count clicks, and the purchases
    that they brought.
-#}
{{ changed_periods([
    [
        ref('int_shop__changed_product_events'), 'event_id',
        ref('fct_product_events'), 'event_date'
    ],
    [
        ref('int_shop__changed_recommended_users'), 'customer_key',
        ref('int_shop__recommended_purchases'), 'clicked_date'
    ],
]) }}
