{#- Written by `python -m marts write`, from search_terms.mart.yml. -#}
{{ measures_of(
    "int_shop__changed_web_behavior_periods",
    ["term"],
    [
        [ref("int_shop__searches"), "event_date", {
            "searches": {"kind": "count"},
            "searching_sessions": {"kind": "distinct", "of": "session_key"},
            "zero_result_searches": {"kind": "count", "where": "result_count = 0"},
            "searches_without_result_count": {"kind": "count", "where": "result_count is null"},
            "searches_with_product_view": {"kind": "count", "where": "has_product_view"},
            "searches_with_purchase": {"kind": "count", "where": "has_purchase"},
        }],
    ],
) }}
