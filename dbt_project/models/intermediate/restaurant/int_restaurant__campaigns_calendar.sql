{#- Written by `python -m marts write`, from campaigns.mart.yml. -#}
{{ calendar_of_activity(
    "restaurant",
    [ref("int_restaurant__campaigns_measures")],
    ["campaign_id"],
) }}
