{{ config(
    materialized='incremental',
    unique_key='session_scope',
    meta={'changed': 'int_shop__changed_sessions'}
) }}
{{ clustered_by('session_scope', month_of='session_date') }}

with

events as (
    select * from {{ ref('fct_web_events') }}
    {{ where_changed('int_shop__changed_sessions', 'session_scope') }}
),

-- Each step counts only after the step before it.
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
        session_key,
        session_scope,
        tenant_key,
        'shop:' || user_id as customer_key,
        session_id,
        user_id,
        events,
        page_view_events as page_views,
        product_view_events as product_views,
        search_events as searches,
        add_to_cart_events as add_to_carts,
        checkout_start_events as checkout_starts,
        checkout_complete_events as checkout_completes,
        login_events as logins,
        registration_events as registrations,
        {{ seconds_from_microseconds(
            microseconds_between('started_at', 'ended_at')
        ) }} as duration_seconds,
        is_bot,
        events = 1 as is_bounce,
        events > 1 as is_engaged,
        cart_number is not null as has_cart,
        checkout_number is not null as has_checkout,
        ordered_completes > 0 as has_purchase,
        cart_number is not null and checkout_complete_events = 0 as is_abandoned_cart,
        session_date,
        started_at,
        ended_at
    from sessions
)

select * from final
