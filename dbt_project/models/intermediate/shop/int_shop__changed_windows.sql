{#- Written by `python -m marts write`, from all marts of shop. -#}
{{ changed_windows(
    "shop",
    [
        ref("int_shop__changed_acquisition_periods"),
        ref("int_shop__changed_categories_periods"),
        ref("int_shop__changed_web_behavior_periods"),
        ref("int_shop__changed_sales_periods"),
        ref("int_shop__changed_product_events_periods"),
        ref("int_shop__changed_recommendations_periods"),
    ],
) }}
