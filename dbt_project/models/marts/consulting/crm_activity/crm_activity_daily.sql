{#- Written by `python -m marts write`, from crm_activity.mart.yml. -#}
{{ periodic_mart(
    "day",
    "consulting",
    ref("int_consulting__crm_activity_measures"),
    ["event_type"],
    {
        "event_count": {"kind": "count"},
        "distinct_aggregates": {"kind": "distinct"},
    },
    rows_of=["int_consulting__outbox_measures"],
) }}
