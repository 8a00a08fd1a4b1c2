{#- Written by `python -m marts write`, from visits.mart.yml. -#}
{{ periodic_mart(
    "week",
    "restaurant",
    ref("int_restaurant__visits_measures"),
    ["currency_code"],
    {
        "total_visits": {"kind": "count"},
        "visits_with_spend": {"kind": "count"},
        "total_spend_amount": {"kind": "sum"},
        "average_spend_amount": {"kind": "ratio", "of": ["total_spend_amount", "total_visits"]},
        "distinct_customers": {"kind": "distinct"},
        "new_customers": {"kind": "count"},
        "returning_customers": {"kind": "difference", "of": ["distinct_customers", "new_customers"], "whole": true},
    },
) }}
