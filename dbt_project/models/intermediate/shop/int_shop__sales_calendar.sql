{#- Written by `python -m marts write`, from sales.mart.yml. -#}
{{ calendar_of_activity(
    "shop",
    [ref("int_shop__sales_measures")],
    ["payment_method", "currency_code"],
) }}
