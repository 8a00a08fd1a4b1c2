with

calendar as (
    select * from {{ ref('int_consulting__crm_activity_calendar') }}
),

measures as (
    select * from {{ ref('int_consulting__crm_activity_measures') }}
),

final as (
    select
        calendar.tenant_key,
        calendar.event_type,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        coalesce(measures.event_count, 0) as event_count,
        coalesce(measures.distinct_aggregates, 0) as distinct_aggregates
    from calendar
    left join measures
        on
            calendar.tenant_key = measures.tenant_key
            and calendar.event_type = measures.event_type
            and calendar.grain = measures.grain
            and calendar.period_start_date = measures.period_start_date
)

select * from final
