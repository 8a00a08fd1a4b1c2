{#- Written by `python -m marts write`, from crm_activity.mart.yml. -#}
{{ trailing_mart(
    "consulting",
    ref("int_consulting__crm_activity_measures"),
    ["event_type"],
    [
        [ref("fct_crm_events"), "event_date", {
            "distinct_aggregates": {"kind": "distinct", "of": "aggregate_key"},
        }],
    ],
    {
        "event_count": {"kind": "count"},
        "distinct_aggregates": {"kind": "distinct"},
    },
    rows_of=["int_consulting__outbox_measures"],
) }}
