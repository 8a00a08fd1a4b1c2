{#- Written by `python -m marts write`, from costs.mart.yml. -#}
{{ periodic_mart(
    "day",
    "whatsapp",
    ref("int_whatsapp__costs_measures"),
    ["outlet_id"],
    {
        "total_llm_calls": {"kind": "count"},
        "total_tokens_used": {"kind": "sum", "whole": true},
        "total_llm_cost": {"kind": "sum"},
        "total_whatsapp_cost": {"kind": "sum"},
        "total_cost": {"kind": "total", "of": ["total_llm_cost", "total_whatsapp_cost"]},
        "active_conversations_count": {"kind": "distinct"},
        "total_conversations": {"kind": "count"},
        "cost_per_conversation": {"kind": "ratio", "of": ["total_cost", "total_conversations"]},
    },
    rows_of=["int_whatsapp__conversations_measures", "int_whatsapp__handoffs_measures", "int_whatsapp__messages_measures"],
) }}
