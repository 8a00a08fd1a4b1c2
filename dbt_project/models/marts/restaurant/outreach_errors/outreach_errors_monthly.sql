{#- Written by `python -m marts write`, from outreach_errors.mart.yml. -#}
{{ periodic_mart(
    "month",
    "restaurant",
    ref("int_restaurant__outreach_errors_measures"),
    ["campaign_id", "error_category"],
    {
        "failed": {"kind": "count"},
    },
) }}
