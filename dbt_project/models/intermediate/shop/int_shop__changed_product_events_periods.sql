{#- Written by `python -m marts write`, from what fct_product_events declares. -#}
{{ changed_periods(
    [
        [ref("int_shop__changed_product_events"), "event_id", ref("fct_product_events"), "event_date"],
    ],
) }}
