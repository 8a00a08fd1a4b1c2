{#- Written by `python -m marts write`, from crm_activity.mart.yml. -#}
{{ measures_of(
    "int_consulting__changed_periods",
    ["event_type"],
    [
        [ref("fct_crm_events"), "event_date", {
            "event_count": {"kind": "count"},
            "distinct_aggregates": {"kind": "distinct", "of": "aggregate_key"},
        }],
    ],
) }}
