{{ calendar_of_activity('whatsapp', [
    ref('int_whatsapp__conversation_measures'),
    ref('int_whatsapp__message_measures'),
], ['outlet_id']) }}
