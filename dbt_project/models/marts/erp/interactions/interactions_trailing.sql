{#- Written by `python -m marts write`, from interactions.mart.yml. -#}
{{ trailing_mart(
    "erp",
    ref("int_erp__interactions_measures"),
    ["interaction_type", "status"],
    [
        [ref("fct_interactions"), "interaction_date", {
            "distinct_customers": {"kind": "distinct", "of": "customer_key"},
        }],
    ],
    {
        "total_interactions": {"kind": "count"},
        "distinct_customers": {"kind": "distinct"},
    },
) }}
