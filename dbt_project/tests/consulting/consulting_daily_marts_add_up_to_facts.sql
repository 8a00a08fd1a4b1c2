with

clock as (
    select * from {{ ref('int_consulting__clock') }}
),

events as (
    select facts.*
    from {{ ref('fct_crm_events') }} as facts
    inner join clock
        on
            facts.tenant_key = clock.tenant_key
            and facts.event_date <= clock.local_date
),

deals as (
    select facts.*
    from {{ ref('fct_deals') }} as facts
    inner join clock
        on
            facts.tenant_key = clock.tenant_key
            and facts.closed_date <= clock.local_date
),

entries as (
    select facts.*
    from {{ ref('fct_lead_stages') }} as facts
    inner join clock
        on
            facts.tenant_key = clock.tenant_key
            and facts.entered_date <= clock.local_date
),

-- A lead that leaves a stage twice on a day is one lead.
exits as (
    select distinct
        facts.lead_id,
        facts.stage,
        facts.exited_date
    from {{ ref('fct_lead_stages') }} as facts
    inner join clock
        on
            facts.tenant_key = clock.tenant_key
            and facts.exited_date <= clock.local_date
),

facts as (
    select
        'events of ' || event_type as measure,
        count(*) as total
    from events
    group by event_type
    union all
    select
        'deals in ' || currency_code as measure,
        count(case when is_won or is_lost then 1 end) as total
    from deals
    group by currency_code
    union all
    select
        'won in ' || currency_code as measure,
        sum(case when is_won then deal_amount end) as total
    from deals
    group by currency_code
    union all
    select
        'entries into ' || stage as measure,
        count(*) as total
    from entries
    group by stage
    union all
    select
        'exits from ' || stage as measure,
        count(*) as total
    from exits
    group by stage
    union all
    select
        'leads and accounts' as measure,
        count(*) as total
    from events
    where
        event_type in (
            'INSERT_LEADS', 'UPDATE_LEADS', 'INSERT_ACCOUNTS', 'UPDATE_ACCOUNTS'
        )
),

marts as (
    select
        'events of ' || event_type as measure,
        sum(event_count) as total
    from {{ ref('crm_activity_daily') }}
    group by event_type
    union all
    select
        'deals in ' || currency_code as measure,
        sum(deals_won + deals_lost) as total
    from {{ ref('crm_metrics_daily') }}
    group by currency_code
    union all
    select
        'won in ' || currency_code as measure,
        sum(won_amount) as total
    from {{ ref('crm_metrics_daily') }}
    group by currency_code
    union all
    select
        'entries into ' || stage as measure,
        sum(stage_entries) as total
    from {{ ref('lead_funnel_daily') }}
    group by stage
    union all
    select
        'exits from ' || stage as measure,
        sum(leads_exited) as total
    from {{ ref('lead_funnel_daily') }}
    group by stage
    union all
    select
        'leads and accounts' as measure,
        sum(leads_created + lead_updates + accounts_created + account_updates)
            as total
    from {{ ref('crm_metrics_daily') }}
)

select
    coalesce(facts.measure, marts.measure) as measure,
    facts.total as total_of_facts,
    marts.total as total_of_days
from facts
full outer join marts on facts.measure = marts.measure
where coalesce(facts.total, 0) <> coalesce(marts.total, 0)
