{#- Written by `python -m marts write`, from what fct_product_events declares. -#}
{{ changed_rows(
    "shop",
    "product_events",
    "event_id",
    [["fct_product_events", "event_date", "customer_key"]],
) }}
