with

calendar as (
    select * from {{ ref('int_erp__interactions_calendar') }}
),

measures as (
    select * from {{ ref('int_erp__interactions_measures') }}
),

final as (
    select
        calendar.tenant_key,
        calendar.interaction_type,
        calendar.status,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        coalesce(measures.total_interactions, 0) as total_interactions,
        coalesce(measures.distinct_customers, 0) as distinct_customers
    from calendar
    left join measures
        on
            calendar.tenant_key = measures.tenant_key
            and calendar.interaction_type = measures.interaction_type
            and calendar.status = measures.status
            and calendar.grain = measures.grain
            and calendar.period_start_date = measures.period_start_date
)

select * from final
