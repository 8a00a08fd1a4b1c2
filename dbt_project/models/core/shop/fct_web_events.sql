{{ config(
    materialized='incremental',
    unique_key='session_scope',
    meta={'changed': 'int_shop__changed_sessions'}
) }}
{{ clustered_by(['session_scope', 'product_id'], month_of='event_date') }}

with

events as (
    select
        *,
        {{ sortable_id('event_id') }} as event_order,
        occurred_at is not null as is_timed,
        -- Events of several users are of several visitors; those without a user are the
        -- only user's of the scope, or a visitor's of their own.
        coalesce(
            user_id,
            case
                when
                    min(user_id) over (partition by session_scope)
                    = max(user_id) over (partition by session_scope)
                    then min(user_id) over (partition by session_scope)
            end
        ) as visitor_user_id
    from {{ ref('stg_shop__user_events') }}
    {{ where_changed('int_shop__changed_sessions', 'session_scope') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

ordered as (
    select
        *,
        lag(occurred_at) over (
            partition by session_scope, visitor_user_id, is_timed
            order by occurred_at, event_order
        ) as previous_at
    from events
),

openings as (
    select
        *,
        case
            when
                {{ microseconds_between('previous_at', 'occurred_at') }}
                <= {{ var('session_gap_minutes') * 60000000 }}
                then 0
            else 1
        end as opens_run
    from ordered
),

runs as (
    select
        *,
        sum(opens_run) over (
            partition by session_scope, visitor_user_id, is_timed
            order by occurred_at, event_order
            rows between unbounded preceding and current row
        ) as run_number
    from openings
),

begun as (
    select
        *,
        {{ microseconds_between(
            'min(occurred_at) over (
                partition by session_scope, visitor_user_id, is_timed, run_number
            )',
            'occurred_at'
        ) }} as microseconds_into_run
    from runs
),

-- A run that goes on is cut every so many hours from its first event.
cut as (
    select
        *,
        microseconds_into_run
        - mod(microseconds_into_run, {{ var('session_cut_hours') * 3600000000 }})
            as cut_at
    from begun
),

sessions as (
    select
        *,
        first_value(event_id) over (
            partition by session_scope, visitor_user_id, is_timed, run_number, cut_at
            order by occurred_at, event_order
        ) as first_event_id,
        row_number() over (
            partition by session_scope, visitor_user_id, is_timed, run_number, cut_at
            order by occurred_at, event_order
        ) as event_number,
        count(*) over (
            partition by session_scope, visitor_user_id, is_timed, run_number, cut_at
        ) as session_events,
        count(case when has_bot_agent then 1 end) over (
            partition by session_scope, visitor_user_id, is_timed, run_number, cut_at
        ) as bot_events
    from cut
),

final as (
    select
        sessions.event_id,
        sessions.session_scope,
        case when sessions.is_timed then sessions.first_event_id end as session_key,
        tenants.tenant_key,
        {{ source_key('shop', 'sessions.user_id') }} as customer_key,
        sessions.session_id,
        sessions.user_id,
        sessions.visitor_user_id,
        case
            when
                sessions.event_type in (
                    'page_view', 'product_view', 'search', 'add_to_cart',
                    'checkout_start', 'checkout_complete', 'login', 'registration'
                )
                then sessions.event_type
            else 'other'
        end as event_type,
        sessions.product_id,
        sessions.product_name,
        sessions.category,
        sessions.path,
        sessions.search_term,
        sessions.referrer,
        sessions.utm_source,
        sessions.utm_medium,
        sessions.utm_campaign,
        sessions.registration_method,
        sessions.recommender,
        sessions.result_count,
        case when sessions.is_timed then sessions.event_number end as event_number,
        sessions.bot_events > 0
        or sessions.session_events > {{ var('bot_session_events') }} as is_bot,
        sessions.has_invalid_data,
        {{ local_date('sessions.occurred_at', 'tenants.timezone') }} as event_date,
        sessions.occurred_at
    from sessions
    inner join tenants
        on {{ only_tenant_key('shop', of='sessions.event_id') }} = tenants.tenant_key
)

select * from final
