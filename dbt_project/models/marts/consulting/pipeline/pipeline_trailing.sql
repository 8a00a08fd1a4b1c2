{#- Written by `python -m marts write`, from pipeline.mart.yml. -#}
{{ trailing_mart(
    "consulting",
    ref("int_consulting__pipeline_measures"),
    ["owner", "lead_source", "currency_code"],
    [
        [ref("fct_deals"), "closed_date", {
            "total_days_to_close": {"kind": "sum", "of": "seconds_to_close", "divisor": 86400},
        }],
    ],
    {
        "deals_opened": {"kind": "count"},
        "opened_amount": {"kind": "sum"},
        "deals_won": {"kind": "count"},
        "won_amount": {"kind": "sum"},
        "average_won_amount": {"kind": "ratio", "of": ["won_amount", "deals_won"]},
        "deals_lost": {"kind": "count"},
        "lost_amount": {"kind": "sum"},
        "deals_decided": {"kind": "total", "of": ["deals_won", "deals_lost"], "whole": true},
        "win_rate": {"kind": "ratio", "of": ["deals_won", "deals_decided"]},
        "timed_deals": {"kind": "count"},
        "total_days_to_close": {"kind": "sum"},
        "average_days_to_close": {"kind": "ratio", "of": ["total_days_to_close", "timed_deals"]},
        "invalid_times_to_close": {"kind": "count"},
        "deals_ended": {"kind": "count"},
        "ended_amount": {"kind": "sum"},
        "open_deals": {"kind": "balance", "of": ["deals_opened", "deals_ended"], "whole": true},
        "open_amount": {"kind": "balance", "of": ["opened_amount", "ended_amount"]},
    },
) }}
