with

periods as (
    select * from {{ ref('int_whatsapp__tenant_summary_by_period') }}
),

final as (
    select
        tenant_key,
        period_start_date,
        period_end_date,
        is_complete,
        tenant_name,
        total_conversations,
        total_messages,
        average_response_time_seconds,
        resolution_rate,
        handoff_rate,
        total_cost,
        responses,
        total_response_seconds,
        resolved_conversations,
        total_handoffs
    from periods
    where grain = 'week'
)

select * from final
