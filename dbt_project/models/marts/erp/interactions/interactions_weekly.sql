{#- Written by `python -m marts write`, from interactions.mart.yml. -#}
{{ periodic_mart(
    "week",
    "erp",
    ref("int_erp__interactions_measures"),
    ["interaction_type", "status"],
    {
        "total_interactions": {"kind": "count"},
        "distinct_customers": {"kind": "distinct"},
    },
) }}
