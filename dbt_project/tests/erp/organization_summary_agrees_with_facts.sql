with

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

facts as (
    select
        interactions.tenant_key,
        count(*) as total_interactions
    from {{ ref('fct_interactions') }} as interactions
    inner join tenants on interactions.tenant_key = tenants.tenant_key
    where coalesce(interactions.interaction_date <= tenants.local_date, true)
    group by interactions.tenant_key
)

select
    coalesce(summary.tenant_key, facts.tenant_key) as tenant_key,
    summary.total_interactions,
    facts.total_interactions as total_interactions_of_facts
from {{ ref('organization_summary') }} as summary
full outer join facts on summary.tenant_key = facts.tenant_key
where
    coalesce(summary.total_interactions, -1) <> coalesce(facts.total_interactions, 0)
    or summary.interactions_today > summary.interactions_week_to_date
    or summary.interactions_today > summary.interactions_month_to_date
    or summary.interactions_week_to_date > summary.interactions_trailing_7_days
    or summary.interactions_trailing_7_days > summary.interactions_trailing_30_days
    or summary.interactions_trailing_30_days > summary.total_interactions
