{#- Written by `python -m marts write`, from tenant_summary.mart.yml. -#}
{{ trailing_mart(
    "whatsapp",
    ref("int_whatsapp__tenant_summary_measures"),
    [],
    [
        [ref("fct_responses"), "opened_date", {
            "p50_response_seconds": {"kind": "quantile", "of": "response_seconds", "percent": 50, "where": "is_answered"},
            "p50_agent_response_seconds": {"kind": "quantile", "of": "response_seconds", "percent": 50, "where": "is_answered and responder_type = 'agent'"},
        }],
    ],
    {
        "total_conversations": {"kind": "count"},
        "total_messages": {"kind": "count"},
        "average_response_time_seconds": {"kind": "ratio", "of": ["total_response_seconds", "responses"]},
        "p50_response_seconds": {"kind": "quantile"},
        "p50_agent_response_seconds": {"kind": "quantile"},
        "resolution_rate": {"kind": "ratio", "of": ["resolved_conversations", "total_conversations"]},
        "handoff_rate": {"kind": "ratio", "of": ["total_handoffs", "total_conversations"]},
        "total_llm_cost": {"kind": "sum"},
        "total_whatsapp_cost": {"kind": "sum"},
        "total_cost": {"kind": "total", "of": ["total_llm_cost", "total_whatsapp_cost"]},
        "responses": {"kind": "count"},
        "total_response_seconds": {"kind": "sum"},
        "resolved_conversations": {"kind": "count"},
        "total_handoffs": {"kind": "count"},
    },
    attributes={"tenant_name": ["int_whatsapp__tenants", ["tenant_key"]]},
) }}
