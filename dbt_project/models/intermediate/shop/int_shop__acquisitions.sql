{{ config(materialized='view') }}

with

customers as (
    select * from {{ ref('int_shop__customer_origins') }}
),

sessions as (
    select * from {{ ref('fct_sessions') }}
),

registrations as (
    select * from {{ ref('fct_web_events') }}
    where event_type = 'registration' and not is_bot
),

final as (
    select
        tenant_key,
        customer_key,
        channel,
        'new_user' as movement,
        cast(null as numeric(38, 9)) as amount,
        cast(null as boolean) as is_in_tenant_currency,
        first_event_date as acquired_date
    from customers
    where first_event_date is not null
    union all
    select
        tenant_key,
        customer_key,
        channel,
        'first_purchase' as movement,
        first_purchase_amount as amount,
        is_in_tenant_currency,
        first_purchase_date as acquired_date
    from customers
    where first_purchase_date is not null
    union all
    -- Of those who register without a user's id the session is all that is known.
    select
        registrations.tenant_key,
        sessions.customer_key,
        coalesce(customers.channel, sessions.channel) as channel,
        'registration' as movement,
        cast(null as numeric(38, 9)) as amount,
        cast(null as boolean) as is_in_tenant_currency,
        registrations.event_date as acquired_date
    from registrations
    inner join sessions on registrations.session_key = sessions.session_key
    left join customers on sessions.customer_key = customers.customer_key
)

select * from final
