{{ config(materialized='view') }}

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

final as (
    -- Events have no currency: they are counted beside the deals in the tenant's.
    select
        events.tenant_key,
        tenants.currency_code,
        events.event_type as movement,
        cast(null as numeric(38, 9)) as amount,
        events.event_date as moved_date
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
        case when is_won then 'won' else 'lost' end as movement,
        deal_amount as amount,
        closed_date as moved_date
    from deals
    where closed_date is not null
)

select * from final
