{{ config(
    materialized='incremental',
    unique_key='session_scope',
    meta={'changed': 'int_shop__changed_sessions'}
) }}
{{ clustered_by('session_scope') }}

with

events as (
    select
        session_scope,
        session_key,
        tenant_key,
        event_number,
        {{ journey_step('event_type', 'path', 'category') }} as step
    from {{ ref('fct_web_events') }}
    {{ where_changed('int_shop__changed_sessions', 'session_scope') }}
),

-- A step counts once, where it was first taken.
steps as (
    select
        session_scope,
        session_key,
        tenant_key,
        step,
        min(event_number) as first_event_number
    from events
    where session_key is not null and step is not null
    group by session_scope, session_key, tenant_key, step
),

ordered as (
    select
        *,
        row_number() over (
            partition by session_key order by first_event_number
        ) as step_number
    from steps
),

final as (
    select
        session_scope,
        session_key,
        tenant_key,
        max(case when step_number = 1 then step end)
        {% for number in range(2, 6) -%}
        || coalesce(
            ' > ' || max(case when step_number = {{ number }} then step end), ''
        )
        {% endfor -%}
            as path
    from ordered
    group by session_scope, session_key, tenant_key
)

select * from final
