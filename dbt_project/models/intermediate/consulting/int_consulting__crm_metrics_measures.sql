{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_consulting__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

events as (
    select * from {{ ref('fct_crm_events') }}
),

deals as (
    select * from {{ ref('fct_deals') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

-- Events have no currency: they are counted beside the deals in the tenant's.
activity as (
    select
        events.tenant_key,
        tenants.currency_code,
        case when events.event_type = 'INSERT_LEADS' then 1 else 0 end as leads_created,
        case when events.event_type = 'UPDATE_LEADS' then 1 else 0 end as lead_updates,
        case when events.event_type = 'INSERT_ACCOUNTS' then 1 else 0 end
            as accounts_created,
        case when events.event_type = 'UPDATE_ACCOUNTS' then 1 else 0 end
            as account_updates,
        0 as deals_won,
        0 as deals_lost,
        cast(0 as numeric(38, 9)) as won_amount,
        events.event_date as activity_date
    from events
    inner join tenants on events.tenant_key = tenants.tenant_key
    where
        events.event_type in (
            'INSERT_LEADS', 'UPDATE_LEADS', 'INSERT_ACCOUNTS', 'UPDATE_ACCOUNTS'
        )
    union all
    select
        tenant_key,
        currency_code,
        0 as leads_created,
        0 as lead_updates,
        0 as accounts_created,
        0 as account_updates,
        case when is_won then 1 else 0 end as deals_won,
        case when is_lost then 1 else 0 end as deals_lost,
        case when is_won then deal_amount end as won_amount,
        closed_date as activity_date
    from deals
    where closed_date is not null
),

days as (
    {{ days_to_measure(
        'int_consulting__changed_periods', 'activity', 'activity_date'
    ) }}
),

final as (
    select
        activity.tenant_key,
        activity.currency_code,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        cast(sum(activity.leads_created) as bigint) as leads_created,
        cast(sum(activity.lead_updates) as bigint) as lead_updates,
        cast(sum(activity.accounts_created) as bigint) as accounts_created,
        cast(sum(activity.account_updates) as bigint) as account_updates,
        cast(sum(activity.deals_won) as bigint) as deals_won,
        cast(sum(activity.deals_lost) as bigint) as deals_lost,
        cast(coalesce(sum(activity.won_amount), 0) as numeric(38, 9)) as won_amount
    from days
    inner join activity
        on
            days.tenant_key = activity.tenant_key
            and days.date_day = activity.activity_date
    group by
        activity.tenant_key,
        activity.currency_code,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
