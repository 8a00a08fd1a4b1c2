{#- Written by `python -m marts write`, from interactions.mart.yml. -#}
{{ calendar_of_activity(
    "erp",
    [ref("int_erp__interactions_measures")],
    ["interaction_type", "status"],
) }}
