{#- Written by `python -m marts write`, from recommendations.mart.yml. -#}
{{ measures_of(
    "int_shop__changed_recommendations_periods",
    ["recommender"],
    [
        [ref("int_shop__recommendation_movements"), "clicked_date", {
            "clicks": {"kind": "count", "where": "movement = 'click'"},
            "distinct_users": {"kind": "distinct", "of": "user_id", "where": "movement = 'click'"},
            "purchases": {"kind": "count", "where": "movement = 'purchase'"},
            "revenue_amount": {"kind": "sum", "of": "revenue_amount", "where": "movement = 'purchase' and is_in_tenant_currency"},
            "purchases_without_price": {"kind": "count", "where": "movement = 'purchase' and has_unknown_price"},
            "purchases_in_other_currencies": {"kind": "count", "where": "movement = 'purchase' and not is_in_tenant_currency"},
        }],
    ],
) }}
