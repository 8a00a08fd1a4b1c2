{#- Written by `python -m marts write`, from web_behavior.mart.yml. -#}
{{ calendar_of_activity(
    "shop",
    [ref("int_shop__web_behavior_measures")],
    [],
) }}
