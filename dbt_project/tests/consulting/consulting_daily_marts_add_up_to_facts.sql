with

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

events as (
    select facts.*
    from {{ ref('fct_crm_events') }} as facts
    inner join tenants
        on
            facts.tenant_key = tenants.tenant_key
            and facts.event_date <= tenants.local_date
),

waiting as (
    select events.*
    from events
    inner join tenants
        on
            events.tenant_key = tenants.tenant_key
            and coalesce(events.handled_date > tenants.local_date, true)
),

opened as (
    select
        facts.*,
        coalesce(facts.ended_date > tenants.local_date, true) as is_open
    from {{ ref('fct_deals') }} as facts
    inner join tenants
        on
            facts.tenant_key = tenants.tenant_key
            and facts.created_date <= tenants.local_date
),

deals as (
    select facts.*
    from {{ ref('fct_deals') }} as facts
    inner join tenants
        on
            facts.tenant_key = tenants.tenant_key
            and facts.closed_date <= tenants.local_date
),

entries as (
    select facts.*
    from {{ ref('fct_lead_stages') }} as facts
    inner join tenants
        on
            facts.tenant_key = tenants.tenant_key
            and facts.entered_date <= tenants.local_date
),

-- A lead that leaves a stage twice on a day is one lead.
exits as (
    select distinct
        facts.lead_id,
        facts.stage,
        facts.exited_date
    from {{ ref('fct_lead_stages') }} as facts
    inner join tenants
        on
            facts.tenant_key = tenants.tenant_key
            and facts.exited_date <= tenants.local_date
),

facts as (
    select
        'events of ' || event_type as measure,
        count(*) as total
    from events
    group by event_type
    union all
    select
        'processed events of ' || event_type as measure,
        count(case when is_processed then 1 end) as total
    from events
    group by event_type
    union all
    select
        'waiting events of ' || event_type as measure,
        count(*) as total
    from waiting
    group by event_type
    union all
    select
        'deals opened by ' || owner as measure,
        count(*) as total
    from opened
    group by owner
    union all
    select
        'open deals from ' || lead_source as measure,
        count(case when is_open then 1 end) as total
    from opened
    group by lead_source
    union all
    select
        'open in ' || currency_code as measure,
        sum(case when is_open then deal_amount end) as total
    from opened
    group by currency_code
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

outbox_today as (
    select outbox.*
    from {{ ref('outbox_daily') }} as outbox
    inner join tenants
        on
            outbox.tenant_key = tenants.tenant_key
            and outbox.period_start_date = tenants.local_date
),

pipeline_today as (
    select pipeline.*
    from {{ ref('pipeline_daily') }} as pipeline
    inner join tenants
        on
            pipeline.tenant_key = tenants.tenant_key
            and pipeline.period_start_date = tenants.local_date
),

marts as (
    select
        'events of ' || event_type as measure,
        sum(event_count) as total
    from {{ ref('crm_activity_daily') }}
    group by event_type
    union all
    select
        'processed events of ' || event_type as measure,
        sum(processed_events) as total
    from {{ ref('outbox_daily') }}
    group by event_type
    union all
    select
        'waiting events of ' || event_type as measure,
        sum(unprocessed_events) as total
    from outbox_today
    group by event_type
    union all
    select
        'deals opened by ' || owner as measure,
        sum(deals_opened) as total
    from {{ ref('pipeline_daily') }}
    group by owner
    union all
    select
        'open deals from ' || lead_source as measure,
        sum(open_deals) as total
    from pipeline_today
    group by lead_source
    union all
    select
        'open in ' || currency_code as measure,
        sum(open_amount) as total
    from pipeline_today
    group by currency_code
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
