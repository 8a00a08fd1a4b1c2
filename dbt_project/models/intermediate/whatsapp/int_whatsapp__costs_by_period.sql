with

calendar as (
    select * from {{ ref('int_whatsapp__calendar') }}
),

messages as (
    select * from {{ ref('fct_messages') }}
),

conversations as (
    select * from {{ ref('int_whatsapp__conversations_by_period') }}
),

measured as (
    select
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        count(case when messages.sender_type = 'llm' then 1 end) as total_llm_calls,
        cast(coalesce(sum(messages.tokens_used), 0) as bigint) as total_tokens_used,
        cast(coalesce(sum(messages.llm_cost_amount), 0) as numeric(38, 9))
            as total_llm_cost,
        cast(coalesce(sum(messages.whatsapp_cost_amount), 0) as numeric(38, 9))
            as total_whatsapp_cost,
        count(distinct messages.conversation_id) as active_conversations_count
    from calendar
    left join messages
        on
            calendar.tenant_key = messages.tenant_key
            and calendar.outlet_id = messages.outlet_id
            and calendar.date_day = messages.message_date
    group by
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete
),

totals as (
    select
        measured.*,
        cast(measured.total_llm_cost + measured.total_whatsapp_cost as numeric(38, 9))
            as total_cost
    from measured
),

final as (
    select
        totals.*,
        conversations.total_conversations,
        {{ ratio('totals.total_cost', 'conversations.total_conversations') }}
            as cost_per_conversation
    from totals
    inner join conversations
        on
            totals.tenant_key = conversations.tenant_key
            and totals.outlet_id = conversations.outlet_id
            and totals.grain = conversations.grain
            and totals.period_start_date = conversations.period_start_date
)

select * from final
