{{ calendar_of_tenants('whatsapp', [
    ref('int_whatsapp__conversation_measures'),
    ref('int_whatsapp__message_measures'),
]) }}
