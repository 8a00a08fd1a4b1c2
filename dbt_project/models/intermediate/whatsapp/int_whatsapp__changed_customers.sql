{{ changed_customers('customer_hash', [
    [
        ref('int_whatsapp__changed_conversations'), 'conversation_id',
        ref('fct_conversations')
    ],
]) }}
{{ union_keys_of_passed_days('fct_conversations', 'customer_hash', ['started_date']) }}
