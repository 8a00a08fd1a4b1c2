{#
    fct_responses count by opened_date and fct_handoffs by handoff_date: both are days of
    messages of the conversation.
-#}
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
