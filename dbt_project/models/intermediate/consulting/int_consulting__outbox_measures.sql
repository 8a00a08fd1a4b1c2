{#- Written by `python -m marts write`, from outbox.mart.yml. -#}
{{ measures_of(
    "int_consulting__changed_periods",
    ["event_type"],
    [
        [ref("fct_crm_events"), "event_date", {
            "events": {"kind": "count"},
            "processed_events": {"kind": "count", "where": "is_processed"},
            "timed_events": {"kind": "count", "where": "latency_seconds is not null"},
            "total_latency_seconds": {"kind": "sum", "of": "latency_seconds"},
            "p50_latency_seconds": {"kind": "quantile", "of": "latency_seconds", "percent": 50},
            "p90_latency_seconds": {"kind": "quantile", "of": "latency_seconds", "percent": 90},
            "max_latency_seconds": {"kind": "max", "of": "latency_seconds"},
            "invalid_latencies": {"kind": "count", "where": "has_invalid_latency"},
        }],
        [ref("fct_crm_events"), "handled_date", {
            "handled_events": {"kind": "count"},
        }],
    ],
) }}
