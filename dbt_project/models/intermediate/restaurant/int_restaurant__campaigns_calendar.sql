with

active_days as (
    select * from {{ ref('int_restaurant__campaigns_measures') }}
    where grain = 'day'
),

tenants as (
    select * from {{ ref('int_restaurant__tenants') }}
),

campaigns as (
    select distinct
        tenant_key,
        campaign_id
    from active_days
),

tenant_spans as (
    select
        tenant_key,
        min(period_start_date) as first_date,
        max(period_start_date) as last_date
    from active_days
    group by tenant_key
),

spans as (
    select
        campaigns.tenant_key,
        campaigns.campaign_id,
        tenants.timezone,
        tenant_spans.first_date,
        tenant_spans.last_date
    from campaigns
    inner join tenant_spans on campaigns.tenant_key = tenant_spans.tenant_key
    inner join tenants on campaigns.tenant_key = tenants.tenant_key
),

days as (
    {{ days_between('spans', 'first_date', 'last_date') }}
),

periods as (
    {{ periods_of_days('days') }}
),

final as (
    select distinct
        tenant_key,
        campaign_id,
        grain,
        period_end_date < {{ local_date(as_of(), 'timezone') }} as is_complete,
        period_start_date,
        period_end_date
    from periods
)

select * from final
