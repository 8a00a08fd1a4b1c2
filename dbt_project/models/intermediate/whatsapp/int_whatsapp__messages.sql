{{ config(materialized='view') }}

with

messages as (
    select * from {{ ref('stg_whatsapp__messages') }}
),

conversations as (
    select * from {{ ref('int_whatsapp__conversations') }}
),

final as (
    select
        messages.message_id,
        messages.conversation_id,
        coalesce(conversations.tenant_key, 'whatsapp:{{ var("unknown_id") }}')
            as tenant_key,
        coalesce(conversations.outlet_id, '{{ var("unknown_id") }}') as outlet_id,
        messages.model,
        case
            when messages.sender_type in ('customer', 'llm', 'agent')
                then messages.sender_type
            else 'other'
        end as sender_type,
        case
            when messages.handoff_trigger in ('keyword', 'confidence')
                then messages.handoff_trigger
            else 'other'
        end as handoff_trigger,
        case
            when messages.sender_type = 'llm' then coalesce(messages.tokens_used, 0)
            else 0
        end as tokens_used,
        messages.confidence,
        conversations.conversation_id is not null as has_conversation,
        messages.is_handoff_request,
        messages.has_invalid_metadata,
        messages.has_invalid_tokens_used,
        {{ local_date('messages.sent_at', "coalesce(conversations.timezone, 'UTC')") }}
            as message_date,
        messages.sent_at
    from messages
    left join conversations
        on messages.conversation_id = conversations.conversation_id
)

select * from final
