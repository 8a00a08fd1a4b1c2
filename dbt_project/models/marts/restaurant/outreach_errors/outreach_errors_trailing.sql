{#- Written by `python -m marts write`, from outreach_errors.mart.yml. -#}
{{ trailing_mart(
    "restaurant",
    ref("int_restaurant__outreach_errors_measures"),
    ["campaign_id", "error_category"],
    [],
    {
        "failed": {"kind": "count"},
    },
) }}
