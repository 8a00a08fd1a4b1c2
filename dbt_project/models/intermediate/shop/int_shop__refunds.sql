{{ config(
    materialized='incremental',
    unique_key='order_id',
    meta={'changed': 'int_shop__changed_orders'}
) }}
{{ clustered_by('order_id', month_of='refunded_date') }}

with

events as (
    select * from {{ ref('stg_shop__order_events') }}
    {{ where_changed('int_shop__changed_orders', 'order_id') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    {{ where_changed('int_shop__changed_orders', 'order_id') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

final as (
    select
        events.event_id,
        events.order_id,
        orders.tenant_key,
        orders.payment_method,
        coalesce(events.currency_code, orders.currency_code) as currency_code,
        orders.user_id,
        cast(events.order_total as numeric(38, 9)) as refunded_amount,
        {{ local_date('events.occurred_at', 'tenants.timezone') }} as refunded_date
    from events
    inner join orders on events.order_id = orders.order_id
    inner join tenants on orders.tenant_key = tenants.tenant_key
    where events.event_type = 'refunded'
)

select * from final
