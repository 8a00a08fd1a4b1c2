with

calendar as (
    select * from {{ ref('int_restaurant__campaigns_calendar') }}
),

measures as (
    select * from {{ ref('int_restaurant__campaigns_measures') }}
),

counted as (
    select
        calendar.tenant_key,
        calendar.campaign_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        coalesce(measures.total_outreach, 0) as total_outreach,
        coalesce(measures.queued, 0) as queued,
        coalesce(measures.sent, 0) as sent,
        coalesce(measures.failed, 0) as failed,
        coalesce(measures.sent + measures.failed, 0) as delivery_attempts,
        coalesce(measures.distinct_customers_reached, 0) as distinct_customers_reached
    from calendar
    left join measures
        on
            calendar.tenant_key = measures.tenant_key
            and calendar.campaign_id = measures.campaign_id
            and calendar.grain = measures.grain
            and calendar.period_start_date = measures.period_start_date
),

final as (
    select
        counted.*,
        {{ ratio('counted.sent', 'counted.delivery_attempts') }} as delivery_rate
    from counted
)

select * from final
