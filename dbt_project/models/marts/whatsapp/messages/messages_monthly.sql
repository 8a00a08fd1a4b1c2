with

periods as (
    select * from {{ ref('int_whatsapp__messages_by_period') }}
),

final as (
    select
        tenant_key,
        outlet_id,
        period_start_date,
        period_end_date,
        is_complete,
        total_messages,
        customer_messages,
        llm_messages,
        agent_messages,
        other_messages,
        responses,
        total_response_seconds,
        average_response_time_seconds,
        p50_response_seconds,
        p90_response_seconds,
        unanswered_turns
    from periods
    where grain = 'month'
)

select * from final
