with

calendar as (
    select * from {{ ref('int_whatsapp__calendar') }}
),

messages as (
    select * from {{ ref('int_whatsapp__message_measures') }}
),

conversations as (
    select * from {{ ref('int_whatsapp__conversation_measures') }}
),

filled as (
    select
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        coalesce(messages.llm_messages, 0) as total_llm_calls,
        coalesce(messages.total_tokens_used, 0) as total_tokens_used,
        coalesce(messages.total_llm_cost, 0) as total_llm_cost,
        coalesce(messages.total_whatsapp_cost, 0) as total_whatsapp_cost,
        cast(
            coalesce(messages.total_llm_cost + messages.total_whatsapp_cost, 0)
            as numeric(38, 9)
        ) as total_cost,
        coalesce(messages.active_conversations_count, 0) as active_conversations_count,
        coalesce(conversations.total_conversations, 0) as total_conversations
    from calendar
    left join messages
        on
            calendar.tenant_key = messages.tenant_key
            and calendar.outlet_id = messages.outlet_id
            and calendar.grain = messages.grain
            and calendar.period_start_date = messages.period_start_date
    left join conversations
        on
            calendar.tenant_key = conversations.tenant_key
            and calendar.outlet_id = conversations.outlet_id
            and calendar.grain = conversations.grain
            and calendar.period_start_date = conversations.period_start_date
),

final as (
    select
        *,
        {{ ratio('total_cost', 'total_conversations') }} as cost_per_conversation
    from filled
)

select * from final
