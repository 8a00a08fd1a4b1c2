{{ config(
    materialized='incremental',
    unique_key='session_scope',
    meta={'changed': 'int_shop__changed_sessions'}
) }}
{{ clustered_by('session_scope', month_of='event_date') }}

with

events as (
    select
        *,
        {{ sortable_id('event_id') }} as event_order
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
            partition by session_scope
            order by occurred_at, event_order
        ) as previous_at
    from events
),

openings as (
    select
        *,
        case
            when previous_at is null then 1
            when session_id is not null then 0
            when
                {{ microseconds_between('previous_at', 'occurred_at') }}
                > {{ var('session_gap_minutes') }} * 60000000
                then 1
            else 0
        end as opens_session
    from ordered
),

numbered as (
    select
        *,
        sum(opens_session) over (
            partition by session_scope
            order by occurred_at, event_order
            rows between unbounded preceding and current row
        ) as session_number
    from openings
),

sessions as (
    select
        *,
        max(case when opens_session = 1 then event_id end) over (
            partition by session_scope, session_number
        ) as opening_event_id,
        row_number() over (
            partition by session_scope, session_number
            order by occurred_at, event_order
        ) as event_number
    from numbered
),

final as (
    select
        sessions.event_id,
        sessions.session_scope,
        case
            when sessions.session_id is null and sessions.user_id is not null
                then sessions.session_scope || ':' || sessions.opening_event_id
            else sessions.session_scope
        end as session_key,
        tenants.tenant_key,
        'shop:' || sessions.user_id as customer_key,
        sessions.session_id,
        sessions.user_id,
        case
            when
                sessions.event_type in (
                    'page_view', 'product_view', 'search', 'add_to_cart',
                    'checkout_start', 'checkout_complete', 'login', 'registration'
                )
                then sessions.event_type
            else 'other'
        end as event_type,
        sessions.event_number,
        sessions.has_invalid_data,
        {{ local_date('sessions.occurred_at', 'tenants.timezone') }} as event_date,
        sessions.occurred_at
    from sessions
    cross join tenants
)

select * from final
