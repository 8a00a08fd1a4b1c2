{#- Written by `python -m marts write`, from campaigns.mart.yml. -#}
{{ measures_of(
    "int_restaurant__changed_periods",
    ["campaign_id"],
    [
        [ref("fct_outreach"), "outreach_date", {
            "total_outreach": {"kind": "count"},
            "queued": {"kind": "count", "where": "status = 'queued'"},
            "sent": {"kind": "count", "where": "status = 'sent'"},
            "failed": {"kind": "count", "where": "status = 'failed'"},
            "distinct_customers_reached": {"kind": "distinct", "of": "customer_id", "where": "status = 'sent'"},
        }],
    ],
) }}
