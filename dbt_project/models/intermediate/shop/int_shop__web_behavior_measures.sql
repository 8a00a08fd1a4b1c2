{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_shop__changed_web_behavior_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

-- What bots do counts nowhere but in bot_sessions.
events as (
    select
        tenant_key,
        event_date,
        case when not is_bot then event_type end as event_type,
        case when not is_bot then user_id end as user_id
    from {{ ref('fct_web_events') }}
    {{ where_measured('int_shop__changed_web_behavior_periods', 'event_date') }}
),

sessions as (
    select * from {{ ref('fct_sessions') }}
),

users as (
    select * from {{ ref('int_shop__web_users') }}
),

-- The first event of every session and of every user lies on one of these days.
days as (
    {{ days_to_measure(
        'int_shop__changed_web_behavior_periods', ref('fct_web_events'), 'event_date'
    ) }}
),

event_counts as (
    select
        days.tenant_key,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        {% for event_type, measure in [
            ('page_view', 'page_views'),
            ('product_view', 'product_views'),
            ('search', 'searches'),
            ('add_to_cart', 'add_to_carts'),
            ('checkout_start', 'checkout_starts'),
            ('checkout_complete', 'checkout_completes'),
            ('login', 'logins'),
            ('registration', 'registrations'),
            ('other', 'other_events')
        ] -%}
        count(case when events.event_type = '{{ event_type }}' then 1 end)
            as {{ measure }},
        {% endfor -%}
        count(distinct events.user_id) as distinct_users
    from days
    inner join events
        on
            days.tenant_key = events.tenant_key
            and days.date_day = events.event_date
    group by
        days.tenant_key,
        days.grain,
        days.period_start_date,
        days.period_end_date
),

session_counts as (
    select
        days.tenant_key,
        days.grain,
        days.period_start_date,
        count(case when sessions.is_bot then 1 end) as bot_sessions,
        count(case when not sessions.is_bot then 1 end) as sessions,
        {% for measure, condition in [
            ('engaged_sessions', 'is_engaged'),
            ('bounced_sessions', 'is_bounce'),
            ('cart_sessions', 'has_cart'),
            ('checkout_sessions', 'has_checkout'),
            ('purchase_sessions', 'has_purchase'),
            ('abandoned_carts', 'is_abandoned_cart')
        ] -%}
        count(case when not sessions.is_bot and sessions.{{ condition }} then 1 end)
            as {{ measure }},
        {% endfor -%}
        cast(
            sum(case when not sessions.is_bot then sessions.duration_seconds end)
            as numeric(38, 9)
        ) as total_session_seconds
    from days
    inner join sessions
        on
            days.tenant_key = sessions.tenant_key
            and days.date_day = sessions.session_date
    group by
        days.tenant_key,
        days.grain,
        days.period_start_date
),

user_counts as (
    select
        days.tenant_key,
        days.grain,
        days.period_start_date,
        count(*) as new_users
    from days
    inner join users
        on
            days.tenant_key = users.tenant_key
            and days.date_day = users.first_event_date
    group by
        days.tenant_key,
        days.grain,
        days.period_start_date
),

final as (
    select
        event_counts.*,
        coalesce(user_counts.new_users, 0) as new_users,
        {% for measure in [
            'sessions', 'bot_sessions', 'engaged_sessions', 'bounced_sessions',
            'cart_sessions', 'checkout_sessions', 'purchase_sessions', 'abandoned_carts'
        ] -%}
        coalesce(session_counts.{{ measure }}, 0) as {{ measure }},
        {% endfor -%}
        cast(coalesce(session_counts.total_session_seconds, 0) as numeric(38, 9))
            as total_session_seconds
    from event_counts
    left join session_counts
        on
            event_counts.tenant_key = session_counts.tenant_key
            and event_counts.grain = session_counts.grain
            and event_counts.period_start_date = session_counts.period_start_date
    left join user_counts
        on
            event_counts.tenant_key = user_counts.tenant_key
            and event_counts.grain = user_counts.grain
            and event_counts.period_start_date = user_counts.period_start_date
)

select * from final
