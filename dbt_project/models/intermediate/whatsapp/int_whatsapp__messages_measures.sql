{#- Written by `python -m marts write`, from messages.mart.yml. -#}
{{ measures_of(
    "int_whatsapp__changed_periods",
    ["outlet_id"],
    [
        [ref("fct_messages"), "message_date", {
            "total_messages": {"kind": "count"},
            "customer_messages": {"kind": "count", "where": "sender_type = 'customer'"},
            "llm_messages": {"kind": "count", "where": "sender_type = 'llm'"},
            "agent_messages": {"kind": "count", "where": "sender_type = 'agent'"},
            "other_messages": {"kind": "count", "where": "sender_type = 'other'"},
        }],
        [ref("fct_responses"), "opened_date", {
            "responses": {"kind": "count", "where": "response_seconds is not null"},
            "total_response_seconds": {"kind": "sum", "of": "response_seconds"},
            "p50_response_seconds": {"kind": "quantile", "of": "response_seconds", "percent": 50},
            "p90_response_seconds": {"kind": "quantile", "of": "response_seconds", "percent": 90},
            "unanswered_turns": {"kind": "count", "where": "not is_answered"},
            "llm_responses": {"kind": "count", "where": "response_seconds is not null and responder_type = 'llm'"},
            "total_llm_response_seconds": {"kind": "sum", "of": "response_seconds", "where": "responder_type = 'llm'"},
            "p50_llm_response_seconds": {"kind": "quantile", "of": "response_seconds", "percent": 50, "where": "responder_type = 'llm'"},
            "p90_llm_response_seconds": {"kind": "quantile", "of": "response_seconds", "percent": 90, "where": "responder_type = 'llm'"},
            "agent_responses": {"kind": "count", "where": "response_seconds is not null and responder_type = 'agent'"},
            "total_agent_response_seconds": {"kind": "sum", "of": "response_seconds", "where": "responder_type = 'agent'"},
            "p50_agent_response_seconds": {"kind": "quantile", "of": "response_seconds", "percent": 50, "where": "responder_type = 'agent'"},
            "p90_agent_response_seconds": {"kind": "quantile", "of": "response_seconds", "percent": 90, "where": "responder_type = 'agent'"},
            "total_agent_business_seconds": {"kind": "sum", "of": "business_seconds", "where": "responder_type = 'agent'"},
            "p50_agent_business_seconds": {"kind": "quantile", "of": "business_seconds", "percent": 50, "where": "responder_type = 'agent'"},
            "p90_agent_business_seconds": {"kind": "quantile", "of": "business_seconds", "percent": 90, "where": "responder_type = 'agent'"},
        }],
    ],
) }}
