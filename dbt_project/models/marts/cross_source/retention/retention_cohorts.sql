with

tenants as (
    select
        tenant_key,
        currency_code,
        {{ local_date(as_of(), 'timezone') }} as as_of_date
    from {{ ref('dim_tenants') }}
),

activity as (
    select * from {{ ref('int_cross_source__customer_activity') }}
),

purchases as (
    select * from {{ ref('int_cross_source__purchases') }}
),

revenue as (
    select
        purchases.tenant_key,
        purchases.customer_key,
        purchases.purchase_date,
        sum(
            case
                when purchases.currency_code = tenants.currency_code
                    then purchases.amount
            end
        ) as revenue_amount,
        count(
            case when purchases.currency_code <> tenants.currency_code then 1 end
        ) as purchases_in_other_currencies
    from purchases
    inner join tenants on purchases.tenant_key = tenants.tenant_key
    group by
        purchases.tenant_key,
        purchases.customer_key,
        purchases.purchase_date
),

-- One row per customer and month, with the month of the customer's first activity.
customer_months as (
    select
        activity.tenant_key,
        activity.domain,
        activity.customer_key,
        cast({{ dbt.date_trunc('month', 'activity.activity_date') }} as date)
            as activity_month,
        min(cast({{ dbt.date_trunc('month', 'min(activity.activity_date)') }} as date))
            over (
                partition by
                    activity.tenant_key, activity.domain, activity.customer_key
            ) as cohort_month,
        sum(revenue.revenue_amount) as revenue_amount,
        sum(revenue.purchases_in_other_currencies) as purchases_in_other_currencies
    from activity
    inner join tenants on activity.tenant_key = tenants.tenant_key
    left join revenue
        on
            activity.domain in ('visits', 'orders')
            and activity.tenant_key = revenue.tenant_key
            and activity.customer_key = revenue.customer_key
            and activity.activity_date = revenue.purchase_date
    where activity.activity_date <= tenants.as_of_date
    group by
        activity.tenant_key,
        activity.domain,
        activity.customer_key,
        cast({{ dbt.date_trunc('month', 'activity.activity_date') }} as date)
),

cohorts as (
    select
        tenant_key,
        domain,
        cohort_month,
        count(distinct customer_key) as cohort_size
    from customer_months
    group by
        tenant_key,
        domain,
        cohort_month
),

cohort_months as (
    select
        tenant_key,
        domain,
        cohort_month,
        activity_month,
        count(*) as retained_customers,
        sum(revenue_amount) as revenue_amount,
        sum(purchases_in_other_currencies) as purchases_in_other_currencies
    from customer_months
    group by
        tenant_key,
        domain,
        cohort_month,
        activity_month
),

cohorts_as_of as (
    select
        cohorts.*,
        tenants.currency_code,
        tenants.as_of_date
    from cohorts
    inner join tenants on cohorts.tenant_key = tenants.tenant_key
),

span as (
    select
        min(cohort_month) as first_date,
        max(as_of_date) as last_date
    from cohorts_as_of
),

days as (
    {{ days_between('span', 'first_date', 'last_date') }}
),

calendar_months as (
    select distinct
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_date
    from days
),

months as (
    select
        cohorts_as_of.*,
        calendar_months.month_date as activity_month
    from cohorts_as_of
    inner join calendar_months
        on
            cohorts_as_of.cohort_month <= calendar_months.month_date
            and cohorts_as_of.as_of_date >= calendar_months.month_date
),

measured as (
    select
        months.tenant_key,
        months.domain,
        months.cohort_month,
        cast(
            {{ dbt.datediff('months.cohort_month', 'months.activity_month', 'month') }}
            as bigint
        ) as month_offset,
        months.currency_code,
        months.cohort_size,
        cast({{ dbt.last_day('months.activity_month', 'month') }} as date)
        < months.as_of_date as is_complete,
        coalesce(cohort_months.retained_customers, 0) as retained_customers,
        cast(coalesce(cohort_months.revenue_amount, 0) as numeric(38, 9))
            as revenue_amount,
        cast(coalesce(cohort_months.purchases_in_other_currencies, 0) as bigint)
            as purchases_in_other_currencies
    from months
    left join cohort_months
        on
            months.tenant_key = cohort_months.tenant_key
            and months.domain = cohort_months.domain
            and months.cohort_month = cohort_months.cohort_month
            and months.activity_month = cohort_months.activity_month
),

final as (
    select
        tenant_key,
        domain,
        cohort_month,
        month_offset,
        currency_code,
        cohort_size,
        case when is_complete then retained_customers end as retained_customers,
        case
            when is_complete then {{ ratio('retained_customers', 'cohort_size') }}
        end as retention_rate,
        case when is_complete then revenue_amount end as revenue_amount,
        case when is_complete then purchases_in_other_currencies end
            as purchases_in_other_currencies,
        is_complete
    from measured
)

select * from final
