{{ config(
    materialized='incremental',
    unique_key='session_scope',
    meta={'changed': 'int_shop__changed_sessions'}
) }}
{{ clustered_by(['session_scope', 'customer_key'], month_of='session_date') }}

with

events as (
    select * from {{ ref('fct_web_events') }}
    {{ where_changed('int_shop__changed_sessions', 'session_scope') }}
),

channels as (
    select * from {{ ref('int_shop__session_channels') }}
    {{ where_changed('int_shop__changed_sessions', 'session_scope') }}
),

placed as (
    select
        session_key,
        event_number,
        {{ journey_step('event_type', 'path', 'category') }} as step
    from events
    where session_key is not null
),

-- A step of the way counts once, where it was first taken.
steps as (
    select
        session_key,
        step,
        row_number() over (
            partition by session_key order by min(event_number)
        ) as step_number
    from placed
    where step is not null
    group by session_key, step
),

paths as (
    select
        session_key,
        max(case when step_number = 1 then step end)
        {% for number in range(2, 6) -%}
        || coalesce(
            ' > ' || max(case when step_number = {{ number }} then step end), ''
        )
        {% endfor -%}
            as path
    from steps
    group by session_key
),

-- Each step of the funnel counts only after the step before it.
carts as (
    select
        *,
        min(case when event_type = 'add_to_cart' then event_number end) over (
            partition by session_key
        ) as cart_number
    from events
    where session_key is not null
),

checkouts as (
    select
        *,
        min(
            case
                when event_type = 'checkout_start' and event_number > cart_number
                    then event_number
            end
        ) over (partition by session_key) as checkout_number
    from carts
),

sessions as (
    select
        session_key,
        session_scope,
        tenant_key,
        session_id,
        visitor_user_id as user_id,
        is_bot,
        count(*) as events,
        {% for event_type in [
            'page_view', 'product_view', 'search', 'add_to_cart', 'checkout_start',
            'checkout_complete', 'login', 'registration'
        ] -%}
        count(case when event_type = '{{ event_type }}' then 1 end)
            as {{ event_type }}_events,
        {% endfor -%}
        count(
            case
                when event_type = 'checkout_complete' and event_number > checkout_number
                    then 1
            end
        ) as ordered_completes,
        max(cart_number) as cart_number,
        max(checkout_number) as checkout_number,
        min(event_date) as session_date,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at
    from checkouts
    group by
        session_key, session_scope, tenant_key, session_id, visitor_user_id, is_bot
),

final as (
    select
        sessions.session_key,
        sessions.session_scope,
        sessions.tenant_key,
        {{ source_key('shop', 'sessions.user_id') }} as customer_key,
        sessions.session_id,
        sessions.user_id,
        coalesce(channels.channel, 'direct') as channel,
        coalesce(paths.path, '{{ var("unknown_id") }}') as path,
        sessions.events,
        sessions.page_view_events as page_views,
        sessions.product_view_events as product_views,
        sessions.search_events as searches,
        sessions.add_to_cart_events as add_to_carts,
        sessions.checkout_start_events as checkout_starts,
        sessions.checkout_complete_events as checkout_completes,
        sessions.login_events as logins,
        sessions.registration_events as registrations,
        {{ seconds_from_microseconds(
            microseconds_between('sessions.started_at', 'sessions.ended_at')
        ) }} as duration_seconds,
        sessions.is_bot,
        sessions.events = 1 as is_bounce,
        sessions.events > 1 as is_engaged,
        sessions.cart_number is not null as has_cart,
        sessions.checkout_number is not null as has_checkout,
        sessions.ordered_completes > 0 as has_purchase,
        sessions.cart_number is not null and sessions.checkout_complete_events = 0
            as is_abandoned_cart,
        sessions.session_date,
        sessions.started_at,
        sessions.ended_at
    from sessions
    left join paths on sessions.session_key = paths.session_key
    left join channels on sessions.session_key = channels.session_key
)

select * from final
