with

tenants as (
    select * from {{ ref('int_restaurant__tenants') }}
),

visits as (
    select
        facts.tenant_key,
        count(*) as total_visits,
        count(case when facts.is_first_visit then 1 end) as new_customers,
        coalesce(sum(facts.spend_amount), 0) as total_spend_amount
    from {{ ref('fct_visits') }} as facts
    inner join tenants
        on
            facts.tenant_key = tenants.tenant_key
            and facts.visit_date <= tenants.local_date
    group by facts.tenant_key
),

visit_days as (
    select
        tenant_key,
        sum(total_visits) as total_visits,
        sum(new_customers) as new_customers,
        sum(total_spend_amount) as total_spend_amount
    from {{ ref('visits_daily') }}
    group by tenant_key
),

outreach as (
    select
        facts.campaign_id,
        count(*) as total_outreach,
        count(facts.outreach_date) as dated_outreach,
        count(case when facts.status = 'sent' then 1 end) as sent,
        count(
            case when facts.status = 'sent' then facts.outreach_date end
        ) as dated_sent
    from {{ ref('fct_outreach') }} as facts
    inner join tenants on facts.tenant_key = tenants.tenant_key
    where
        facts.outreach_date is null
        or facts.outreach_date <= tenants.local_date
    group by facts.campaign_id
),

outreach_days as (
    select
        campaign_id,
        sum(total_outreach) as total_outreach,
        sum(sent) as sent,
        sum(failed) as failed
    from {{ ref('campaigns_daily') }}
    group by campaign_id
),

error_days as (
    select
        campaign_id,
        sum(failed) as failed
    from {{ ref('outreach_errors_daily') }}
    group by campaign_id
),

performance as (
    select
        campaign_id,
        total_outreach,
        sent
    from {{ ref('campaign_performance') }}
),

-- As far as the messages that have it are there by now.
credited as (
    select count(*) as attributed_visits
    from {{ ref('int_restaurant__attributed_visits') }} as visits
    inner join tenants
        on
            visits.tenant_key = tenants.tenant_key
            and visits.visit_date <= tenants.local_date
    inner join {{ ref('fct_outreach') }} as facts
        on visits.outreach_event_id = facts.outreach_event_id
    inner join tenants as senders
        on
            facts.tenant_key = senders.tenant_key
            and (
                facts.outreach_date is null
                or facts.outreach_date <= senders.local_date
            )
),

credited_to_campaigns as (
    select coalesce(sum(attributed_visits), 0) as attributed_visits
    from {{ ref('campaign_performance') }}
)

select
    'visits_daily' as mart,
    coalesce(visits.tenant_key, visit_days.tenant_key) as mart_key
from visits
full outer join visit_days on visits.tenant_key = visit_days.tenant_key
where
    coalesce(visits.total_visits, 0) <> coalesce(visit_days.total_visits, 0)
    or coalesce(visits.new_customers, 0) <> coalesce(visit_days.new_customers, 0)
    or coalesce(visits.total_spend_amount, 0)
    <> coalesce(visit_days.total_spend_amount, 0)
union all
select
    'campaigns_daily' as mart,
    coalesce(outreach.campaign_id, outreach_days.campaign_id) as mart_key
from outreach
full outer join outreach_days on outreach.campaign_id = outreach_days.campaign_id
where
    coalesce(outreach.dated_outreach, 0) <> coalesce(outreach_days.total_outreach, 0)
    or coalesce(outreach.dated_sent, 0) <> coalesce(outreach_days.sent, 0)
union all
select
    'outreach_errors_daily' as mart,
    coalesce(outreach_days.campaign_id, error_days.campaign_id) as mart_key
from outreach_days
full outer join error_days on outreach_days.campaign_id = error_days.campaign_id
where coalesce(outreach_days.failed, 0) <> coalesce(error_days.failed, 0)
union all
select
    'campaign_performance' as mart,
    coalesce(outreach.campaign_id, performance.campaign_id) as mart_key
from outreach
full outer join performance on outreach.campaign_id = performance.campaign_id
where
    coalesce(outreach.total_outreach, 0) <> coalesce(performance.total_outreach, 0)
    or coalesce(outreach.sent, 0) <> coalesce(performance.sent, 0)
union all
select
    'campaign_performance' as mart,
    'all campaigns' as mart_key
from credited
cross join credited_to_campaigns
where credited.attributed_visits <> credited_to_campaigns.attributed_visits
