{#- Written by `python -m marts write`, from segment_interactions.mart.yml. -#}
{{ measures_of(
    "int_erp__changed_periods",
    ["segment_name", "interaction_type"],
    [
        [ref("int_erp__member_interactions"), "interaction_date", {
            "interactions": {"kind": "count"},
        }],
    ],
) }}
