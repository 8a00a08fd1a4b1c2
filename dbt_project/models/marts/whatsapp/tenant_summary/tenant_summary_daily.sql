{#- Written by `python -m marts write`, from tenant_summary.mart.yml. -#}
{{ periodic_mart(
    "day",
    "whatsapp",
    ref("int_whatsapp__tenant_summary_measures"),
    [],
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
    rows=[
        ref("int_whatsapp__tenant_summary_measures"),
    ],
    attributes={"tenant_name": ["int_whatsapp__tenants", ["tenant_key"]]},
    quiet_days="quiet_tenant_days",
) }}
