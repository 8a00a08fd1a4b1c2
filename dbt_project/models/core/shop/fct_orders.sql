{{ config(
    materialized='incremental',
    unique_key='order_id',
    meta={'changed': 'int_shop__changed_orders'}
) }}
{{ clustered_by('order_id', month_of='first_event_date') }}

with

events as (
    select
        *,
        row_number() over (
            partition by order_id
            order by occurred_at, {{ sortable_id('event_id') }}
        ) as event_number
    from {{ ref('stg_shop__order_events') }}
    {{ where_changed('int_shop__changed_orders', 'order_id') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

payments as (
    select
        *,
        min(case when event_type = 'payment_completed' then event_number end) over (
            partition by order_id
        ) as payment_number
    from events
),

-- What an order is, its first payment knows best, then what came last before it, then
-- what came first after it; while unpaid, its last event.
ranked as (
    select
        *,
        row_number() over (
            partition by order_id
            order by
                case when event_number > payment_number then 1 else 0 end,
                case
                    when event_number > payment_number then event_number
                    else -event_number
                end
        ) as preference,
        case
            when event_type = 'cancelled' and event_number > payment_number
                then 'cancelled after payment'
            else event_type
        end as step
    from payments
),

chosen as (
    select
        {% for attribute in [
            'user_id', 'payment_method', 'currency_code', 'order_total', 'items_count'
        ] -%}
        min(case when {{ attribute }} is not null then preference end) over (
            partition by order_id
        ) as preferred_{{ attribute }},
        {% endfor -%}
        *
    from ranked
),

folded as (
    select
        order_id,
        {% for attribute in [
            'user_id', 'payment_method', 'currency_code', 'order_total', 'items_count'
        ] -%}
        max(
            case when preference = preferred_{{ attribute }} then {{ attribute }} end
        ) as {{ attribute }},
        {% endfor -%}
        count(*) as events,
        count(case when step = 'payment_completed' then 1 end) as payments,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        {% for step in [
            'created', 'payment_started', 'payment_completed', 'confirmed', 'shipped',
            'delivered', 'cancelled'
        ] -%}
        min(case when step = '{{ step }}' then occurred_at end) as {{ step }}_at,
        {% endfor -%}
        min(case when step = 'cancelled after payment' then occurred_at end)
            as cancelled_after_payment_at
    from chosen
    group by order_id
),

orders as (
    select
        folded.*,
        tenants.tenant_key,
        tenants.timezone,
        coalesce(folded.cancelled_after_payment_at, folded.cancelled_at)
            as counted_cancelled_at
    from folded
    cross join tenants
),

final as (
    select
        order_id,
        tenant_key,
        'shop:' || user_id as customer_key,
        user_id,
        case
            when cancelled_after_payment_at is not null then 'cancelled'
            when cancelled_at is not null and payment_completed_at is null
                then 'cancelled'
            when delivered_at is not null then 'delivered'
            when shipped_at is not null then 'shipped'
            when confirmed_at is not null then 'confirmed'
            when payment_completed_at is not null then 'paid'
            when payment_started_at is not null then 'payment_started'
            when created_at is not null then 'created'
            else 'unknown'
        end as status,
        coalesce(payment_method, '{{ var("unknown_id") }}') as payment_method,
        coalesce(currency_code, '{{ var("default_currency_code") }}') as currency_code,
        events,
        payments,
        items_count,
        cast(order_total as numeric(38, 9)) as order_amount,
        created_at is not null as has_created_event,
        payment_completed_at is not null as is_paid,
        counted_cancelled_at is not null as is_cancelled,
        cancelled_after_payment_at is not null as is_cancelled_after_payment,
        {{ local_date('first_event_at', 'timezone') }} as first_event_date,
        {{ local_date('created_at', 'timezone') }} as created_date,
        {{ local_date('payment_completed_at', 'timezone') }} as paid_date,
        {{ local_date('counted_cancelled_at', 'timezone') }} as cancelled_date,
        first_event_at,
        created_at,
        payment_started_at,
        payment_completed_at as paid_at,
        confirmed_at,
        shipped_at,
        delivered_at,
        counted_cancelled_at as cancelled_at,
        last_event_at
    from orders
)

select * from final
