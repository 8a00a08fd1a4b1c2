{{ config(
    materialized='incremental',
    unique_key='order_id',
    meta={'changed': 'int_shop__changed_orders'}
) }}
{{ clustered_by(['order_id', 'customer_key'], month_of='first_event_date') }}

{%- set attributes = ['user_id', 'payment_method', 'told_items'] -%}
{%- set steps = [
    'created', 'payment_started', 'payment_completed', 'confirmed', 'shipped',
    'delivered', 'cancelled', 'cancelled_after_payment'
] %}

with

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

-- Events whose time is not known come last.
events as (
    select
        *,
        row_number() over (
            partition by order_id
            order by
                case when occurred_at is null then 1 else 0 end,
                occurred_at,
                {{ sortable_id('event_id') }}
        ) as event_number
    from {{ ref('stg_shop__order_events') }}
    {{ where_changed('int_shop__changed_orders', 'order_id') }}
),

payments as (
    select
        *,
        min(case when event_type = 'payment_completed' then event_number end) over (
            partition by order_id
        ) as payment_number,
        min(case when event_type = 'payment_started' then event_number end) over (
            partition by order_id
        ) as start_number
    from events
),

-- What an order is, its first payment knows best, then what came last before it, then
-- what came first after it; while unpaid, its last event. A refund tells what is given
-- back, not what the order is.
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
        case when event_type = 'refunded' then null else order_total end as told_total,
        case when event_type = 'refunded' then null else currency_code end
            as told_currency,
        case when event_type = 'refunded' then null else items_count end as told_items,
        case
            when event_type = 'cancelled' and event_number > payment_number
                then 'cancelled_after_payment'
            else event_type
        end as step
    from payments
),

-- An amount and its currency come from one event, where there is one that tells both.
preferred as (
    select
        *,
        {% for attribute in attributes -%}
        min(case when {{ attribute }} is not null then preference end)
            over (partition by order_id) as preferred_{{ attribute }},
        {% endfor -%}
        coalesce(
            min(
                case
                    when
                        told_total is not null
                        and told_currency <> '{{ var("unknown_id") }}'
                        then preference
                end
            ) over (partition by order_id),
            min(case when told_total is not null then preference end)
                over (partition by order_id),
            min(case when told_currency is not null then preference end)
                over (partition by order_id)
        ) as preferred_amount
    from ranked
),

-- A refund that names no currency is in its order's.
priced as (
    select
        preferred.*,
        tenants.tenant_key,
        tenants.timezone,
        coalesce(
            max(
                case
                    when preferred.preference = preferred.preferred_amount
                        then preferred.told_currency
                end
            ) over (partition by preferred.order_id),
            tenants.currency_code
        ) as order_currency_code
    from preferred
    inner join tenants
        on {{ only_tenant_key('shop', of='preferred.order_id') }} = tenants.tenant_key
),

folded as (
    select
        order_id,
        tenant_key,
        timezone,
        order_currency_code,
        max(case when preference = preferred_amount then told_total end)
            as order_amount,
        {% for attribute in attributes -%}
        max(
            case when preference = preferred_{{ attribute }} then {{ attribute }} end
        ) as {{ attribute }},
        {% endfor -%}
        max(case when event_number = start_number then payment_method end)
            as payment_started_method,
        count(*) as source_rows,
        count(case when step = 'refunded' then 1 end) as refunds,
        sum(
            case
                when
                    step = 'refunded'
                    and coalesce(currency_code, order_currency_code)
                    = order_currency_code
                    then order_total
            end
        ) as refunded_amount,
        {% for step in steps -%}
        count(case when step = '{{ step }}' then 1 end) as {{ step }}_events,
        min(case when step = '{{ step }}' then occurred_at end) as {{ step }}_at,
        {% endfor -%}
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at
    from priced
    group by order_id, tenant_key, timezone, order_currency_code
),

amounts as (
    select
        *,
        payment_completed_events > 0 as is_paid,
        cancelled_after_payment_events > 0 as is_cancelled_after_payment,
        cancelled_events + cancelled_after_payment_events > 0 as is_cancelled,
        case
            when cancelled_after_payment_events > 0 then cancelled_after_payment_at
            else cancelled_at
        end as counted_cancelled_at,
        cast(
            case when payment_completed_events > 0 then order_amount else 0 end
            as numeric(38, 9)
        ) as paid_amount,
        cast(
            case when cancelled_after_payment_events > 0 then order_amount else 0 end
            as numeric(38, 9)
        ) as cancelled_amount
    from folded
),

final as (
    select
        order_id,
        tenant_key,
        {{ source_key('shop', 'user_id') }} as customer_key,
        user_id,
        case
            when is_cancelled_after_payment then 'cancelled'
            when is_cancelled and not is_paid then 'cancelled'
            when delivered_events > 0 then 'delivered'
            when shipped_events > 0 then 'shipped'
            when confirmed_events > 0 then 'confirmed'
            when is_paid then 'paid'
            when payment_started_events > 0 then 'payment_started'
            when created_events > 0 then 'created'
            else 'unknown'
        end as status,
        coalesce(payment_method, '{{ var("unknown_id") }}') as payment_method,
        case
            when payment_started_events > 0
                then coalesce(payment_started_method, '{{ var("unknown_id") }}')
        end as payment_started_method,
        order_currency_code as currency_code,
        source_rows,
        payment_completed_events as payments,
        refunds,
        told_items as items_count,
        cast(order_amount as numeric(38, 9)) as order_amount,
        paid_amount,
        cancelled_amount,
        cast(coalesce(refunded_amount, 0) as numeric(38, 9)) as refunded_amount,
        cast(
            case
                when paid_amount > cancelled_amount + coalesce(refunded_amount, 0)
                    then paid_amount - cancelled_amount - coalesce(refunded_amount, 0)
                else 0
            end as numeric(38, 9)
        ) as net_amount,
        created_events > 0 as has_created_event,
        is_paid,
        is_cancelled,
        is_cancelled_after_payment,
        shipped_events > 0 as is_shipped,
        delivered_events > 0 as is_delivered,
        {% for step, start, end in [
            ('paid', 'created_at', 'payment_completed_at'),
            ('shipped', 'payment_completed_at', 'shipped_at'),
            ('delivered', 'shipped_at', 'delivered_at')
        ] -%}
        case
            when {{ end }} >= {{ start }}
                then {{ seconds_from_microseconds(microseconds_between(start, end)) }}
        end as seconds_to_{{ step }},
        coalesce({{ end }} < {{ start }}, false) as has_invalid_time_to_{{ step }},
        {% endfor -%}
        {{ local_date('first_event_at', 'timezone') }} as first_event_date,
        {{ local_date('created_at', 'timezone') }} as created_date,
        {{ local_date('payment_started_at', 'timezone') }} as payment_started_date,
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
    from amounts
)

select * from final
