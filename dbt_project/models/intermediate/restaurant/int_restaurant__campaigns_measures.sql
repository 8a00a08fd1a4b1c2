{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_restaurant__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

outreach as (
    select * from {{ ref('fct_outreach') }}
    {{ where_measured('int_restaurant__changed_periods', 'outreach_date') }}
),

days as (
    {{ days_to_measure(
        'int_restaurant__changed_periods', ref('fct_outreach'), 'outreach_date'
    ) }}
),

final as (
    select
        days.tenant_key,
        outreach.campaign_id,
        days.grain,
        count(*) as total_outreach,
        count(case when outreach.status = 'queued' then 1 end) as queued,
        count(case when outreach.status = 'sent' then 1 end) as sent,
        count(case when outreach.status = 'failed' then 1 end) as failed,
        count(distinct case when outreach.status = 'sent' then outreach.customer_id end)
            as distinct_customers_reached,
        days.period_start_date,
        days.period_end_date
    from days
    inner join outreach
        on
            days.tenant_key = outreach.tenant_key
            and days.date_day = outreach.outreach_date
    group by
        days.tenant_key,
        outreach.campaign_id,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
