{{ config(
    materialized='incremental',
    unique_key='conversation_id',
    meta={'changed': 'int_whatsapp__changed_conversations'}
) }}
{{ clustered_by('conversation_id') }}

with

messages as (
    select * from {{ ref('fct_messages') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

staged as (
    select * from {{ ref('stg_whatsapp__messages') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

final as (
    select
        messages.message_id,
        messages.conversation_id,
        messages.tenant_key,
        messages.has_conversation,
        messages.has_invalid_metadata,
        messages.has_invalid_tokens_used,
        messages.has_implausible_sent_at,
        staged._loaded_at
    from messages
    inner join staged on messages.message_id = staged.message_id
    where
        not messages.has_conversation
        or messages.has_invalid_metadata
        or messages.has_invalid_tokens_used
        or messages.has_implausible_sent_at
)

select * from final
