with

periods as (
    select * from {{ ref('int_whatsapp__conversations_by_period') }}
),

final as (
    select
        tenant_key,
        outlet_id,
        period_start_date,
        period_end_date,
        is_complete,
        total_conversations,
        active_conversations,
        resolved_conversations,
        handed_off_conversations,
        conversations_with_duration,
        total_duration_minutes,
        average_duration_minutes,
        invalid_durations,
        resolution_rate,
        first_responses,
        total_first_response_seconds,
        average_first_response_seconds,
        p50_first_response_seconds,
        p90_first_response_seconds,
        distinct_customers,
        eligible_conversations,
        contained_conversations,
        containment_rate,
        reopened_conversations
    from periods
    where grain = 'month'
)

select * from final
