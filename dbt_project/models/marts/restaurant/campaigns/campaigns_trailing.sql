{#- Written by `python -m marts write`, from campaigns.mart.yml. -#}
{{ trailing_mart(
    "restaurant",
    ref("int_restaurant__campaigns_measures"),
    ["campaign_id"],
    [
        [ref("fct_outreach"), "outreach_date", {
            "distinct_customers_reached": {"kind": "distinct", "of": "customer_id", "where": "status = 'sent'"},
        }],
    ],
    {
        "total_outreach": {"kind": "count"},
        "queued": {"kind": "count"},
        "sent": {"kind": "count"},
        "failed": {"kind": "count"},
        "delivery_attempts": {"kind": "total", "of": ["sent", "failed"], "whole": true},
        "delivery_rate": {"kind": "ratio", "of": ["sent", "delivery_attempts"]},
        "distinct_customers_reached": {"kind": "distinct"},
    },
) }}
