with

calendar as (
    select * from {{ ref('int_whatsapp__calendar') }}
),

handoffs as (
    select * from {{ ref('fct_handoffs') }}
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
        count(handoffs.handoff_message_id) as total_handoffs,
        count(case when handoffs.handoff_trigger = 'keyword' then 1 end)
            as keyword_triggered,
        count(case when handoffs.handoff_trigger = 'confidence' then 1 end)
            as confidence_triggered,
        count(case when handoffs.handoff_trigger = 'other' then 1 end)
            as other_triggered,
        count(distinct handoffs.conversation_id) as conversations_with_handoff,
        count(handoffs.time_to_handoff_seconds) as timed_handoffs,
        {{ ratio('coalesce(sum(handoffs.time_to_handoff_seconds), 0)', 60) }}
            as total_time_to_handoff_minutes
    from calendar
    left join handoffs
        on
            calendar.tenant_key = handoffs.tenant_key
            and calendar.outlet_id = handoffs.outlet_id
            and calendar.date_day = handoffs.handoff_date
    group by
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete
),

final as (
    select
        measured.*,
        {{ ratio('measured.total_time_to_handoff_minutes', 'measured.timed_handoffs') }}
            as average_time_to_handoff_minutes,
        conversations.total_conversations,
        {{ ratio('measured.total_handoffs', 'conversations.total_conversations') }}
            as handoff_rate,
        conversations.started_conversations_with_handoff,
        {{ ratio(
            'conversations.started_conversations_with_handoff',
            'conversations.total_conversations'
        ) }} as handoff_conversation_rate
    from measured
    inner join conversations
        on
            measured.tenant_key = conversations.tenant_key
            and measured.outlet_id = conversations.outlet_id
            and measured.grain = conversations.grain
            and measured.period_start_date = conversations.period_start_date
)

select * from final
