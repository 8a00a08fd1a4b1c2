with

events as (
    select
        session_scope,
        count(*) as events
    from {{ ref('fct_web_events') }}
    where session_key is not null
    group by session_scope
),

sessions as (
    select
        session_scope,
        sum(events) as events
    from {{ ref('fct_sessions') }}
    group by session_scope
)

select
    coalesce(events.session_scope, sessions.session_scope) as session_scope,
    events.events,
    sessions.events as events_in_sessions
from events
full outer join sessions on events.session_scope = sessions.session_scope
where coalesce(events.events, 0) <> coalesce(sessions.events, 0)
