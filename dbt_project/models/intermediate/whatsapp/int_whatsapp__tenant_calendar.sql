{{ calendar_of_tenants('whatsapp', [
    ref('int_whatsapp__conversations_measures'),
    ref('int_whatsapp__messages_measures'),
]) }}
