{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_consulting__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

events as (
    select * from {{ ref('fct_crm_events') }}
),

days as (
    {{ days_to_measure('int_consulting__changed_periods', 'events', 'event_date') }}
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
