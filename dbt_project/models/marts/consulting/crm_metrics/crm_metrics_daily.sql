{#- Written by `python -m marts write`, from crm_metrics.mart.yml. -#}
{{ periodic_mart(
    "day",
    "consulting",
    ref("int_consulting__crm_metrics_measures"),
    ["currency_code"],
    {
        "leads_created": {"kind": "count"},
        "lead_updates": {"kind": "count"},
        "accounts_created": {"kind": "count"},
        "account_updates": {"kind": "count"},
        "deals_won": {"kind": "count"},
        "deals_lost": {"kind": "count"},
        "won_amount": {"kind": "sum"},
    },
) }}
