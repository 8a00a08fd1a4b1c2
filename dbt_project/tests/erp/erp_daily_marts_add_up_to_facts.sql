with

facts as (
    select
        tenant_key,
        'interactions ' || interaction_type || ' ' || status as measure,
        count(*) as total
    from {{ ref('fct_interactions') }}
    group by
        tenant_key,
        interaction_type,
        status
    union all
    select
        tenant_key,
        'joined ' || segment_name as measure,
        count(*) as total
    from {{ ref('fct_segment_memberships') }}
    group by
        tenant_key,
        segment_name
    union all
    select
        tenant_key,
        'left ' || segment_name as measure,
        count(left_at) as total
    from {{ ref('fct_segment_memberships') }}
    group by
        tenant_key,
        segment_name
),

marts as (
    select
        tenant_key,
        'interactions ' || interaction_type || ' ' || status as measure,
        sum(total_interactions) as total
    from {{ ref('interactions_daily') }}
    group by
        tenant_key,
        interaction_type,
        status
    union all
    select
        tenant_key,
        'joined ' || segment_name as measure,
        sum(joined) as total
    from {{ ref('segments_daily') }}
    group by
        tenant_key,
        segment_name
    union all
    select
        tenant_key,
        'left ' || segment_name as measure,
        sum({{ adapter.quote('left') }}) as total
    from {{ ref('segments_daily') }}
    group by
        tenant_key,
        segment_name
)

select
    coalesce(facts.tenant_key, marts.tenant_key) as tenant_key,
    coalesce(facts.measure, marts.measure) as measure,
    facts.total as total_of_facts,
    marts.total as total_of_days
from facts
full outer join marts
    on
        facts.tenant_key = marts.tenant_key
        and facts.measure = marts.measure
where coalesce(facts.total, 0) <> coalesce(marts.total, 0)
