{#- Written by `python -m marts write`, from outbox.mart.yml. -#}
{{ trailing_mart(
    "consulting",
    ref("int_consulting__outbox_measures"),
    ["event_type"],
    [
        [ref("fct_crm_events"), "event_date", {
            "p50_latency_seconds": {"kind": "quantile", "of": "latency_seconds", "percent": 50},
            "p90_latency_seconds": {"kind": "quantile", "of": "latency_seconds", "percent": 90},
        }],
    ],
    {
        "events": {"kind": "count"},
        "processed_events": {"kind": "count"},
        "timed_events": {"kind": "count"},
        "total_latency_seconds": {"kind": "sum"},
        "average_latency_seconds": {"kind": "ratio", "of": ["total_latency_seconds", "timed_events"]},
        "p50_latency_seconds": {"kind": "quantile"},
        "p90_latency_seconds": {"kind": "quantile"},
        "max_latency_seconds": {"kind": "max"},
        "invalid_latencies": {"kind": "count"},
        "handled_events": {"kind": "count"},
        "unprocessed_events": {"kind": "balance", "of": ["events", "handled_events"], "whole": true},
    },
    rows_of=["int_consulting__crm_activity_measures"],
) }}
