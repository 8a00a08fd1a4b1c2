{#- Written by `python -m marts write`, from pipeline.mart.yml. -#}
{{ measures_of(
    "int_consulting__changed_periods",
    ["owner", "lead_source", "currency_code"],
    [
        [ref("fct_deals"), "created_date", {
            "deals_opened": {"kind": "count"},
            "opened_amount": {"kind": "sum", "of": "deal_amount"},
        }],
        [ref("fct_deals"), "closed_date", {
            "deals_won": {"kind": "count", "where": "is_won"},
            "won_amount": {"kind": "sum", "of": "deal_amount", "where": "is_won"},
            "deals_lost": {"kind": "count", "where": "is_lost"},
            "lost_amount": {"kind": "sum", "of": "deal_amount", "where": "is_lost"},
            "timed_deals": {"kind": "count", "where": "seconds_to_close is not null"},
            "total_days_to_close": {"kind": "sum", "of": "seconds_to_close", "divisor": 86400},
            "invalid_times_to_close": {"kind": "count", "where": "has_invalid_time_to_close"},
        }],
        [ref("fct_deals"), "ended_date", {
            "deals_ended": {"kind": "count"},
            "ended_amount": {"kind": "sum", "of": "deal_amount"},
        }],
    ],
) }}
