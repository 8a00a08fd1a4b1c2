{#- Written by `python -m marts write`, from all marts of whatsapp. -#}
{{ calendar_of_tenants(
    "whatsapp",
    [
        ref("int_whatsapp__conversations_measures"),
        ref("int_whatsapp__costs_measures"),
        ref("int_whatsapp__handoffs_measures"),
        ref("int_whatsapp__messages_measures"),
        ref("int_whatsapp__tenant_summary_measures"),
    ],
) }}
