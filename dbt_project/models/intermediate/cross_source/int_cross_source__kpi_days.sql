{#- Written by `python -m marts write`, from all marts. -#}
{{ kpi_days(
    {
        "consulting": [
            ["leads_created", "count", "crm_metrics", "leads_created", ""],
            ["deals_won", "count", "crm_metrics", "deals_won", ""],
            ["won_amount", "amount", "crm_metrics", "won_amount", ""],
        ],
        "erp": [
            ["interactions", "count", "interactions", "total_interactions", ""],
        ],
        "restaurant": [
            ["outreach_delivery_rate", "share", "campaigns", "sent", "delivery_attempts"],
            ["visits", "count", "visits", "total_visits", ""],
            ["spend_amount", "amount", "visits", "total_spend_amount", ""],
        ],
        "shop": [
            ["payment_success_rate", "share", "sales", "payments_completed", "payments_started"],
            ["orders_paid", "count", "sales", "orders_paid", ""],
            ["net_amount", "amount", "sales", "net_amount", ""],
            ["sessions", "count", "web_behavior", "sessions", ""],
            ["cart_abandonment_rate", "share", "web_behavior", "abandoned_carts", "carts"],
            ["purchase_rate", "share", "web_behavior", "purchase_sessions", "sessions"],
        ],
        "whatsapp": [
            ["conversations", "count", "conversations", "total_conversations", ""],
            ["resolution_rate", "share", "conversations", "resolved_conversations", "total_conversations"],
            ["containment_rate", "share", "conversations", "contained_conversations", "eligible_conversations"],
            ["cost_per_conversation", "ratio", "costs", "total_cost", "total_conversations"],
            ["handoff_rate", "ratio", "handoffs", "total_handoffs", "total_conversations"],
            ["messages", "count", "messages", "total_messages", ""],
            ["average_response_time_seconds", "ratio", "messages", "total_response_seconds", "responses"],
        ],
    },
) }}
