{{ config(
    materialized='incremental',
    unique_key='customer_key',
    meta={'changed': 'int_shop__changed_origins'}
) }}
{{ clustered_by('customer_key') }}

with

web_users as (
    select * from {{ ref('int_shop__web_users') }}
    {{ where_changed('int_shop__changed_origins', 'customer_key') }}
),

sessions as (
    select * from {{ ref('fct_sessions') }}
    {{ where_changed('int_shop__changed_origins', 'customer_key') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    {{ where_changed('int_shop__changed_origins', 'customer_key') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

visits as (
    select
        *,
        row_number() over (
            partition by customer_key
            order by started_at, {{ sortable_id('session_key') }}
        ) as visit_number
    from sessions
    where customer_key is not null and not is_bot
),

purchases as (
    select
        *,
        row_number() over (
            partition by customer_key order by paid_at, {{ sortable_id('order_id') }}
        ) as purchase_number
    from orders
    where customer_key is not null and is_paid and paid_date is not null
),

customers as (
    select
        tenant_key,
        customer_key
    from web_users
    union distinct
    select
        tenant_key,
        customer_key
    from purchases
),

final as (
    select
        customers.customer_key,
        customers.tenant_key,
        coalesce(visits.channel, 'direct') as channel,
        purchases.currency_code as first_purchase_currency_code,
        purchases.paid_amount as first_purchase_amount,
        purchases.currency_code = tenants.currency_code as is_in_tenant_currency,
        web_users.first_event_date,
        purchases.paid_date as first_purchase_date
    from customers
    -- All have one: but of an inner join PostgreSQL expects few, and loops over visits.
    left join tenants on customers.tenant_key = tenants.tenant_key
    left join web_users on customers.customer_key = web_users.customer_key
    left join visits
        on
            customers.customer_key = visits.customer_key
            and visits.visit_number = 1
    left join purchases
        on
            customers.customer_key = purchases.customer_key
            and purchases.purchase_number = 1
)

select * from final
