{#- Written by `python -m marts write`, from interactions.mart.yml. -#}
{{ measures_of(
    "int_erp__changed_periods",
    ["interaction_type", "status"],
    [
        [ref("fct_interactions"), "interaction_date", {
            "total_interactions": {"kind": "count"},
            "distinct_customers": {"kind": "distinct", "of": "customer_key"},
        }],
    ],
) }}
