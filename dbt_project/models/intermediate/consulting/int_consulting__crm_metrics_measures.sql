{#- Written by `python -m marts write`, from crm_metrics.mart.yml. -#}
{{ measures_of(
    "int_consulting__changed_periods",
    ["currency_code"],
    [
        [ref("int_consulting__crm_movements"), "moved_date", {
            "leads_created": {"kind": "count", "where": "movement = 'INSERT_LEADS'"},
            "lead_updates": {"kind": "count", "where": "movement = 'UPDATE_LEADS'"},
            "accounts_created": {"kind": "count", "where": "movement = 'INSERT_ACCOUNTS'"},
            "account_updates": {"kind": "count", "where": "movement = 'UPDATE_ACCOUNTS'"},
            "deals_won": {"kind": "count", "where": "movement = 'won'"},
            "deals_lost": {"kind": "count", "where": "movement = 'lost'"},
            "won_amount": {"kind": "sum", "of": "amount", "where": "movement = 'won'"},
        }],
    ],
) }}
