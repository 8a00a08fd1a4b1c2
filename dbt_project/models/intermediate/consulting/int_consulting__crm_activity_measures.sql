with

events as (
    select * from {{ ref('fct_crm_events') }}
),

dates as (
    select distinct
        tenant_key,
        event_date as date_day
    from events
),

days as (
    {{ periods_of_days('dates') }}
),

final as (
    select
        events.tenant_key,
        events.event_type,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        count(*) as event_count,
        count(distinct events.aggregate_key) as distinct_aggregates
    from days
    inner join events
        on
            days.tenant_key = events.tenant_key
            and days.date_day = events.event_date
    group by
        events.tenant_key,
        events.event_type,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
