{#- Written by `python -m marts write`, from lead_funnel.mart.yml. -#}
{{ calendar_of_activity(
    "consulting",
    [ref("int_consulting__lead_funnel_measures")],
    ["stage", "owner", "lead_source"],
) }}
