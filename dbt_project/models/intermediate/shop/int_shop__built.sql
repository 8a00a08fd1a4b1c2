{#- Written by `python -m marts write`, from all marts of shop. -#}
{{ complete_build(
    "shop",
    [
        ref("categories_trailing"),
        ref("fct_orders"),
        ref("fct_product_events"),
        ref("fct_sessions"),
        ref("fct_web_events"),
        ref("int_shop__customer_activity"),
        ref("int_shop__customers"),
        ref("int_shop__products"),
        ref("int_shop__recommended_purchases"),
        ref("int_shop__refunds"),
        ref("int_shop__searches"),
        ref("int_shop__web_users"),
        ref("order_lifecycle_trailing"),
        ref("products_trailing"),
        ref("recommendations_trailing"),
        ref("sales_trailing"),
        ref("search_terms_trailing"),
        ref("web_behavior_trailing"),
    ],
) }}
