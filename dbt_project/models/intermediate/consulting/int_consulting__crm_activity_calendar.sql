{#- Written by `python -m marts write`, from crm_activity.mart.yml. -#}
{{ calendar_of_activity(
    "consulting",
    [ref("int_consulting__crm_activity_measures")],
    ["event_type"],
) }}
