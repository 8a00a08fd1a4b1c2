{#- Written by `python -m marts write`, from visits.mart.yml. -#}
{{ calendar_of_activity(
    "restaurant",
    [ref("int_restaurant__visits_measures")],
    ["currency_code"],
) }}
