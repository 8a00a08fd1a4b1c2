{#- Written by `python -m marts write`, from costs.mart.yml. -#}
{{ measures_of(
    "int_whatsapp__changed_periods",
    ["outlet_id"],
    [
        [ref("fct_messages"), "message_date", {
            "total_llm_calls": {"kind": "count", "where": "sender_type = 'llm'"},
            "total_tokens_used": {"kind": "sum", "of": "tokens_used", "whole": true},
            "total_llm_cost": {"kind": "sum", "of": "llm_cost_amount"},
            "total_whatsapp_cost": {"kind": "sum", "of": "whatsapp_cost_amount"},
            "active_conversations_count": {"kind": "distinct", "of": "conversation_id"},
        }],
        [ref("fct_conversations"), "started_date", {
            "total_conversations": {"kind": "count"},
        }],
    ],
) }}
