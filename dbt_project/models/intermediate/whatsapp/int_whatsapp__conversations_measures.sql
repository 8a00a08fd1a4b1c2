{#- Written by `python -m marts write`, from conversations.mart.yml. -#}
{{ measures_of(
    "int_whatsapp__changed_periods",
    ["outlet_id"],
    [
        [ref("fct_conversations"), "started_date", {
            "total_conversations": {"kind": "count"},
            "active_conversations": {"kind": "count", "where": "status = 'active'"},
            "resolved_conversations": {"kind": "count", "where": "status = 'resolved'"},
            "handed_off_conversations": {"kind": "count", "where": "status = 'handed_off'"},
            "conversations_with_duration": {"kind": "count", "where": "duration_seconds is not null"},
            "total_duration_minutes": {"kind": "sum", "of": "duration_seconds", "divisor": 60},
            "invalid_durations": {"kind": "count", "where": "has_invalid_duration"},
            "first_responses": {"kind": "count", "where": "first_response_seconds is not null"},
            "total_first_response_seconds": {"kind": "sum", "of": "first_response_seconds"},
            "p50_first_response_seconds": {"kind": "quantile", "of": "first_response_seconds", "percent": 50},
            "p90_first_response_seconds": {"kind": "quantile", "of": "first_response_seconds", "percent": 90},
            "llm_first_responses": {"kind": "count", "where": "first_response_seconds is not null and first_responder_type = 'llm'"},
            "total_llm_first_response_seconds": {"kind": "sum", "of": "first_response_seconds", "where": "first_responder_type = 'llm'"},
            "p50_llm_first_response_seconds": {"kind": "quantile", "of": "first_response_seconds", "percent": 50, "where": "first_responder_type = 'llm'"},
            "p90_llm_first_response_seconds": {"kind": "quantile", "of": "first_response_seconds", "percent": 90, "where": "first_responder_type = 'llm'"},
            "agent_first_responses": {"kind": "count", "where": "first_response_seconds is not null and first_responder_type = 'agent'"},
            "total_agent_first_response_seconds": {"kind": "sum", "of": "first_response_seconds", "where": "first_responder_type = 'agent'"},
            "p50_agent_first_response_seconds": {"kind": "quantile", "of": "first_response_seconds", "percent": 50, "where": "first_responder_type = 'agent'"},
            "p90_agent_first_response_seconds": {"kind": "quantile", "of": "first_response_seconds", "percent": 90, "where": "first_responder_type = 'agent'"},
            "distinct_customers": {"kind": "distinct", "of": "customer_hash"},
            "eligible_conversations": {"kind": "count", "where": "is_eligible_for_containment"},
            "contained_conversations": {"kind": "count", "where": "is_contained"},
            "reopened_conversations": {"kind": "count", "where": "is_reopened"},
        }],
    ]
) }}
