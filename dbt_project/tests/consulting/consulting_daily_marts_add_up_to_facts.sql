with

facts as (
    select
        'events of ' || event_type as measure,
        count(*) as total
    from {{ ref('fct_crm_events') }}
    group by event_type
    union all
    select
        'deals in ' || currency_code as measure,
        count(case when is_won or is_lost then 1 end) as total
    from {{ ref('fct_deals') }}
    group by currency_code
    union all
    select
        'won in ' || currency_code as measure,
        sum(case when is_won then deal_amount end) as total
    from {{ ref('fct_deals') }}
    group by currency_code
    union all
    select
        'entries into ' || stage as measure,
        count(*) as total
    from {{ ref('fct_lead_stages') }}
    group by stage
    union all
    select
        'exits from ' || stage as measure,
        count(exited_at) as total
    from {{ ref('fct_lead_stages') }}
    group by stage
    union all
    select
        'leads and accounts' as measure,
        count(*) as total
    from {{ ref('fct_crm_events') }}
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
        sum(leads_entered) as total
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
