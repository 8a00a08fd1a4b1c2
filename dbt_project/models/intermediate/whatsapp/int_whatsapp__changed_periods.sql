{{ changed_periods([
    [
        ref('int_whatsapp__changed_conversations'), 'conversation_id',
        ref('fct_conversations'), 'started_date'
    ],
    [
        ref('int_whatsapp__changed_conversations'), 'conversation_id',
        ref('fct_messages'), 'message_date'
    ],
]) }}
