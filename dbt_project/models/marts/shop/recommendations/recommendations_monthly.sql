{#- Written by `python -m marts write`, from recommendations.mart.yml. -#}
{{ periodic_mart(
    "month",
    "shop",
    ref("int_shop__recommendations_measures"),
    ["recommender"],
    {
        "clicks": {"kind": "count"},
        "distinct_users": {"kind": "distinct"},
        "purchases": {"kind": "count"},
        "revenue_amount": {"kind": "sum"},
        "purchases_without_price": {"kind": "count"},
        "purchases_in_other_currencies": {"kind": "count"},
        "purchase_rate": {"kind": "ratio", "of": ["purchases", "clicks"]},
    },
    attributes={"currency_code": ["int_shop__tenants", ["tenant_key"]]},
    quiet_days="",
) }}
