{#- Written by `python -m marts write`, from tenant_summary.mart.yml. -#}
{{ measures_of(
    "int_whatsapp__changed_periods",
    [],
    [
        [ref("fct_conversations"), "started_date", {
            "total_conversations": {"kind": "count"},
            "resolved_conversations": {"kind": "count", "where": "status = 'resolved'"},
        }],
        [ref("fct_messages"), "message_date", {
            "total_messages": {"kind": "count"},
            "total_llm_cost": {"kind": "sum", "of": "llm_cost_amount"},
            "total_whatsapp_cost": {"kind": "sum", "of": "whatsapp_cost_amount"},
        }],
        [ref("fct_responses"), "opened_date", {
            "p50_response_seconds": {"kind": "quantile", "of": "response_seconds", "percent": 50, "where": "is_answered"},
            "p50_agent_response_seconds": {"kind": "quantile", "of": "response_seconds", "percent": 50, "where": "is_answered and responder_type = 'agent'"},
            "responses": {"kind": "count", "where": "response_seconds is not null"},
            "total_response_seconds": {"kind": "sum", "of": "response_seconds"},
        }],
        [ref("fct_handoffs"), "handoff_date", {
            "total_handoffs": {"kind": "count"},
        }],
    ],
) }}
