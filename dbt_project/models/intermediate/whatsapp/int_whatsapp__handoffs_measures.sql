{#- Written by `python -m marts write`, from handoffs.mart.yml. -#}
{{ measures_of(
    "int_whatsapp__changed_periods",
    ["outlet_id"],
    [
        [ref("fct_handoffs"), "handoff_date", {
            "total_handoffs": {"kind": "count"},
            "keyword_triggered": {"kind": "count", "where": "handoff_trigger = 'keyword'"},
            "confidence_triggered": {"kind": "count", "where": "handoff_trigger = 'confidence'"},
            "other_triggered": {"kind": "count", "where": "handoff_trigger = 'other'"},
            "conversations_with_handoff": {"kind": "distinct", "of": "conversation_id"},
            "timed_handoffs": {"kind": "count", "where": "time_to_handoff_seconds is not null"},
            "invalid_times_to_handoff": {"kind": "count", "where": "has_invalid_time_to_handoff"},
            "total_time_to_handoff_minutes": {"kind": "sum", "of": "time_to_handoff_seconds", "divisor": 60},
        }],
        [ref("fct_conversations"), "started_date", {
            "total_conversations": {"kind": "count"},
            "started_conversations_with_handoff": {"kind": "count", "where": "has_handoff"},
        }],
    ],
) }}
