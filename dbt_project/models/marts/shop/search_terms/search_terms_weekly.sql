{#- Written by `python -m marts write`, from search_terms.mart.yml. -#}
{{ periodic_mart(
    "week",
    "shop",
    ref("int_shop__search_terms_measures"),
    ["term"],
    {
        "searches": {"kind": "count"},
        "searching_sessions": {"kind": "distinct"},
        "zero_result_searches": {"kind": "count"},
        "searches_without_result_count": {"kind": "count"},
        "searches_with_product_view": {"kind": "count"},
        "searches_with_purchase": {"kind": "count"},
    },
    quiet_days="",
) }}
