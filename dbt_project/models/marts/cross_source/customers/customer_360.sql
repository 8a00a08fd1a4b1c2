with

tenants as (
    select
        tenant_key,
        currency_code,
        coalesce(
            high_spender_amount,
            cast({{ var('high_spender_amount') }} as numeric(38, 9))
        ) as high_spender_amount,
        {{ local_date(as_of(), 'timezone') }} as as_of_date
    from {{ ref('dim_tenants') }}
),

customers as (
    select
        customers.customer_key,
        customers.tenant_key,
        customers.source_system,
        customers.customer_id,
        tenants.currency_code,
        tenants.high_spender_amount,
        tenants.as_of_date
    from {{ ref('dim_customers') }} as customers
    inner join tenants on customers.tenant_key = tenants.tenant_key
    where
        not customers.is_inferred
        and customers.source_system in (
            {{ names_of_sources(feeding_sources('purchases')) }}
        )
),

purchases as (
    select * from {{ ref('int_cross_source__purchases') }}
),

totals as (
    select
        customers.customer_key,
        customers.tenant_key,
        count(*) as frequency,
        count(case when purchases.currency_code <> customers.currency_code then 1 end)
            as purchases_in_other_currencies,
        cast(
            coalesce(
                sum(
                    case
                        when purchases.currency_code = customers.currency_code
                            then purchases.amount
                    end
                ), 0
            ) as numeric(38, 9)
        ) as monetary_amount,
        count(distinct purchases.purchase_date) - 1 as repeat_purchase_count,
        min(purchases.purchase_date) as first_activity_date,
        max(purchases.purchase_date) as last_activity_date
    from customers
    inner join purchases on customers.customer_key = purchases.customer_key
    where purchases.purchase_date <= customers.as_of_date
    group by
        customers.customer_key,
        customers.tenant_key
),

-- Ranks from the least, among the tenant's customers with a purchase. Equals share one.
ranked as (
    select
        *,
        count(*) over (partition by tenant_key) as buyers,
        rank() over (partition by tenant_key order by last_activity_date)
            as recency_rank,
        rank() over (partition by tenant_key order by frequency) as frequency_rank,
        rank() over (partition by tenant_key order by monetary_amount) as monetary_rank
    from totals
),

joined as (
    select
        customers.*,
        ranked.first_activity_date,
        ranked.last_activity_date,
        ranked.customer_key is null as is_never_visited,
        cast(
            {{ dbt.datediff(
                'ranked.last_activity_date', 'customers.as_of_date', 'day'
            ) }} as bigint
        ) as recency_days,
        cast(
            {{ dbt.datediff(
                'ranked.first_activity_date', 'customers.as_of_date', 'day'
            ) }} as bigint
        ) as tenure_days,
        cast(
            {{ dbt.datediff(
                'ranked.first_activity_date', 'ranked.last_activity_date', 'day'
            ) }} as bigint
        ) as last_purchase_age_days,
        coalesce(ranked.frequency, 0) as frequency,
        coalesce(ranked.repeat_purchase_count, 0) as repeat_purchase_count,
        cast(coalesce(ranked.monetary_amount, 0) as numeric(38, 9)) as monetary_amount,
        coalesce(ranked.purchases_in_other_currencies, 0)
            as purchases_in_other_currencies,
        case
            when ranked.customer_key is not null
                then {{ fifth_of_rank('ranked.recency_rank', 'ranked.buyers') }}
        end as rfm_recency,
        case
            when ranked.customer_key is not null
                then {{ fifth_of_rank('ranked.frequency_rank', 'ranked.buyers') }}
        end as rfm_frequency,
        case
            when ranked.customer_key is not null
                then {{ fifth_of_rank('ranked.monetary_rank', 'ranked.buyers') }}
        end as rfm_monetary
    from customers
    left join ranked on customers.customer_key = ranked.customer_key
),

final as (
    select
        customer_key,
        tenant_key,
        source_system,
        customer_id,
        case
            when is_never_visited then null
            when tenure_days <= {{ var('lifecycle_new_days') }} then 'new'
            when recency_days <= {{ var('lifecycle_active_days') }} then 'active'
            when recency_days <= {{ var('lifecycle_at_risk_days') }} then 'at_risk'
            else 'dormant'
        end as lifecycle,
        currency_code,
        recency_days,
        frequency,
        monetary_amount,
        purchases_in_other_currencies,
        high_spender_amount,
        tenure_days,
        repeat_purchase_count,
        last_purchase_age_days,
        rfm_recency,
        rfm_frequency,
        rfm_monetary,
        is_never_visited,
        coalesce(recency_days > 30, false) as is_inactive_30d,
        coalesce(recency_days > 60, false) as is_inactive_60d,
        coalesce(recency_days > 90, false) as is_inactive_90d,
        monetary_amount >= high_spender_amount as is_high_spender,
        first_activity_date,
        last_activity_date,
        as_of_date
    from joined
)

select * from final
