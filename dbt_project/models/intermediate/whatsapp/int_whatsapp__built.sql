{#- Written by `python -m marts write`, from all marts of whatsapp. -#}
{{ complete_build(
    "whatsapp",
    [
        ref("conversations_trailing"),
        ref("costs_trailing"),
        ref("fct_conversations"),
        ref("fct_handoffs"),
        ref("fct_messages"),
        ref("fct_responses"),
        ref("handoffs_trailing"),
        ref("int_whatsapp__conversations"),
        ref("int_whatsapp__customer_activity"),
        ref("int_whatsapp__customers"),
        ref("int_whatsapp__flawed_messages"),
        ref("int_whatsapp__tenant_lifetime_responses"),
        ref("messages_trailing"),
        ref("tenant_summary_trailing"),
    ],
) }}
