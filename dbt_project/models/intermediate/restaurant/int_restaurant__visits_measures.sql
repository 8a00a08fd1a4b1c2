{#- Written by `python -m marts write`, from visits.mart.yml. -#}
{{ measures_of(
    "int_restaurant__changed_periods",
    ["currency_code"],
    [
        [ref("fct_visits"), "visit_date", {
            "total_visits": {"kind": "count"},
            "visits_with_spend": {"kind": "count", "where": "spend_amount is not null"},
            "total_spend_amount": {"kind": "sum", "of": "spend_amount"},
            "distinct_customers": {"kind": "distinct", "of": "customer_id"},
            "new_customers": {"kind": "count", "where": "is_first_visit"},
        }],
    ],
) }}
