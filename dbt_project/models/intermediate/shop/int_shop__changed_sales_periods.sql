{# On the created_date of fct_orders each of them has a movement. -#}
{{ changed_periods([
    [
        ref('int_shop__changed_orders'), 'order_id',
        ref('int_shop__order_movements'), 'moved_date'
    ],
]) }}
