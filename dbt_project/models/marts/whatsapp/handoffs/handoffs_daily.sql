with

periods as (
    select * from {{ ref('int_whatsapp__handoffs_by_period') }}
),

final as (
    select
        tenant_key,
        outlet_id,
        period_start_date,
        period_end_date,
        is_complete,
        total_handoffs,
        keyword_triggered,
        confidence_triggered,
        other_triggered,
        conversations_with_handoff,
        timed_handoffs,
        total_time_to_handoff_minutes,
        average_time_to_handoff_minutes,
        total_conversations,
        handoff_rate,
        started_conversations_with_handoff,
        handoff_conversation_rate
    from periods
    where grain = 'day'
)

select * from final
