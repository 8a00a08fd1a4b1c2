with

visits as (
    select
        tenant_key,
        count(*) as total_visits,
        count(case when is_first_visit then 1 end) as new_customers,
        coalesce(sum(spend_amount), 0) as total_spend_amount
    from {{ ref('fct_visits') }}
    group by tenant_key
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
        campaign_id,
        count(*) as total_outreach,
        count(case when status = 'sent' then 1 end) as sent
    from {{ ref('fct_outreach') }}
    group by campaign_id
),

outreach_days as (
    select
        campaign_id,
        sum(total_outreach) as total_outreach,
        sum(sent) as sent
    from {{ ref('campaigns_daily') }}
    group by campaign_id
),

performance as (
    select
        campaign_id,
        total_outreach,
        sent
    from {{ ref('campaign_performance') }}
),

credited as (
    select
        count(*) as attributed_visits,
        coalesce(sum(spend_amount), 0) as attributed_spend_amount
    from {{ ref('int_restaurant__attributed_visits') }}
),

credited_to_campaigns as (
    select
        coalesce(sum(attributed_visits), 0) as attributed_visits,
        coalesce(sum(attributed_spend_amount), 0) as attributed_spend_amount
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
    coalesce(outreach.total_outreach, 0) <> coalesce(outreach_days.total_outreach, 0)
    or coalesce(outreach.sent, 0) <> coalesce(outreach_days.sent, 0)
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
where
    credited.attributed_visits <> credited_to_campaigns.attributed_visits
    or credited.attributed_spend_amount <> credited_to_campaigns.attributed_spend_amount
