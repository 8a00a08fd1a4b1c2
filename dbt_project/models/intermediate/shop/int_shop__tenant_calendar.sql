{#- Written by `python -m marts write`, from all marts of shop. -#}
{{ calendar_of_tenants(
    "shop",
    [
        ref("int_shop__acquisition_measures"),
        ref("int_shop__categories_measures"),
        ref("int_shop__journeys_measures"),
        ref("int_shop__order_lifecycle_measures"),
        ref("int_shop__products_measures"),
        ref("int_shop__recommendations_measures"),
        ref("int_shop__sales_measures"),
        ref("int_shop__search_terms_measures"),
        ref("int_shop__web_behavior_measures"),
    ],
) }}
