with

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

facts as (
    select
        interactions.tenant_key,
        'interactions ' || interactions.interaction_type || ' ' || interactions.status
            as measure,
        count(*) as total
    from {{ ref('fct_interactions') }} as interactions
    inner join tenants
        on
            interactions.tenant_key = tenants.tenant_key
            and interactions.interaction_date <= tenants.local_date
    group by
        interactions.tenant_key,
        interactions.interaction_type,
        interactions.status
    {% for date, verb in [('joined_date', 'joined'), ('left_date', 'left')] -%}
    union all
    select
        memberships.tenant_key,
        '{{ verb }} ' || memberships.segment_name as measure,
        count(*) as total
    from {{ ref('fct_segment_memberships') }} as memberships
    inner join tenants
        on
            memberships.tenant_key = tenants.tenant_key
            and memberships.{{ date }} <= tenants.local_date
    where memberships.joined_date is not null
    group by
        memberships.tenant_key,
        memberships.segment_name
    {% endfor %}
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
