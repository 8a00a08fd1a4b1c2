{#- Written by `python -m marts write`, from handoffs.mart.yml. -#}
{{ periodic_mart(
    "day",
    "whatsapp",
    ref("int_whatsapp__handoffs_measures"),
    ["outlet_id"],
    {
        "total_handoffs": {"kind": "count"},
        "keyword_triggered": {"kind": "count"},
        "confidence_triggered": {"kind": "count"},
        "other_triggered": {"kind": "count"},
        "conversations_with_handoff": {"kind": "distinct"},
        "timed_handoffs": {"kind": "count"},
        "invalid_times_to_handoff": {"kind": "count"},
        "total_time_to_handoff_minutes": {"kind": "sum"},
        "average_time_to_handoff_minutes": {"kind": "ratio", "of": ["total_time_to_handoff_minutes", "timed_handoffs"]},
        "total_conversations": {"kind": "count"},
        "handoff_rate": {"kind": "ratio", "of": ["total_handoffs", "total_conversations"]},
        "started_conversations_with_handoff": {"kind": "count"},
        "handoff_conversation_rate": {"kind": "ratio", "of": ["started_conversations_with_handoff", "total_conversations"]},
    },
    rows_of=["int_whatsapp__conversations_measures", "int_whatsapp__costs_measures", "int_whatsapp__messages_measures"],
) }}
