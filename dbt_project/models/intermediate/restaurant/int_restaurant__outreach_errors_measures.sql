{#- Written by `python -m marts write`, from outreach_errors.mart.yml. -#}
{{ measures_of(
    "int_restaurant__changed_periods",
    ["campaign_id", "error_category"],
    [
        [ref("int_restaurant__failed_outreach"), "outreach_date", {
            "failed": {"kind": "count"},
        }],
    ],
) }}
