with

calendar as (
    select * from {{ ref('int_whatsapp__calendar') }}
),

handoffs as (
    select * from {{ ref('int_whatsapp__handoff_measures') }}
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
        coalesce(handoffs.total_handoffs, 0) as total_handoffs,
        coalesce(handoffs.keyword_triggered, 0) as keyword_triggered,
        coalesce(handoffs.confidence_triggered, 0) as confidence_triggered,
        coalesce(handoffs.other_triggered, 0) as other_triggered,
        coalesce(handoffs.conversations_with_handoff, 0) as conversations_with_handoff,
        coalesce(handoffs.timed_handoffs, 0) as timed_handoffs,
        coalesce(handoffs.invalid_times_to_handoff, 0) as invalid_times_to_handoff,
        coalesce(handoffs.total_time_to_handoff_minutes, 0)
            as total_time_to_handoff_minutes,
        coalesce(conversations.total_conversations, 0) as total_conversations,
        coalesce(conversations.started_conversations_with_handoff, 0)
            as started_conversations_with_handoff
    from calendar
    left join handoffs
        on
            calendar.tenant_key = handoffs.tenant_key
            and calendar.outlet_id = handoffs.outlet_id
            and calendar.grain = handoffs.grain
            and calendar.period_start_date = handoffs.period_start_date
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
        {{ ratio('total_time_to_handoff_minutes', 'timed_handoffs') }}
            as average_time_to_handoff_minutes,
        {{ ratio('total_handoffs', 'total_conversations') }} as handoff_rate,
        {{ ratio(
            'started_conversations_with_handoff', 'total_conversations'
        ) }} as handoff_conversation_rate
    from filled
)

select * from final
