{#
    fct_sessions, and int_shop__journeys of them, count by session_date, which is the
    event_date of their first event; int_shop__searches by that of the search itself.
-#}
{{ changed_periods([
    [
        ref('int_shop__changed_sessions'), 'session_scope',
        ref('fct_web_events'), 'event_date'
    ],
    [
        ref('int_shop__changed_users'), 'user_id',
        ref('int_shop__web_users'), 'first_event_date'
    ],
]) }}
