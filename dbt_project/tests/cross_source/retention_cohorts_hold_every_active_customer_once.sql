with

tenants as (
    select
        tenant_key,
        {{ local_date(as_of(), 'timezone') }} as as_of_date
    from {{ ref('dim_tenants') }}
),

activity as (
    select
        activity.tenant_key,
        activity.domain,
        count(distinct activity.customer_key) as customers
    from {{ ref('int_cross_source__customer_activity') }} as activity
    inner join tenants on activity.tenant_key = tenants.tenant_key
    where activity.activity_date <= tenants.as_of_date
    group by
        activity.tenant_key,
        activity.domain
),

cohorts as (
    select
        tenant_key,
        domain,
        sum(case when month_offset = 0 then cohort_size end) as customers,
        count(case when retained_customers > cohort_size then 1 end) as impossible
    from {{ ref('retention_cohorts') }}
    group by
        tenant_key,
        domain
)

select
    coalesce(activity.tenant_key, cohorts.tenant_key) as tenant_key,
    coalesce(activity.domain, cohorts.domain) as domain,
    activity.customers,
    cohorts.customers as customers_of_cohorts,
    cohorts.impossible
from activity
full outer join cohorts
    on
        activity.tenant_key = cohorts.tenant_key
        and activity.domain = cohorts.domain
where
    coalesce(activity.customers, 0) <> coalesce(cohorts.customers, 0)
    or cohorts.impossible > 0
