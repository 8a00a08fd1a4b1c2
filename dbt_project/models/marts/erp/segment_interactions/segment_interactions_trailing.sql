{#- Written by `python -m marts write`, from segment_interactions.mart.yml. -#}
{{ trailing_mart(
    "erp",
    ref("int_erp__segment_interactions_measures"),
    ["segment_name", "interaction_type"],
    [],
    {
        "interactions": {"kind": "count"},
    },
) }}
