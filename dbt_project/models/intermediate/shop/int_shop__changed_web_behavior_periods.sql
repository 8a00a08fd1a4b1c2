{#
    fct_sessions count by session_date, which is the event_date of their first event; and
    int_shop__searches by the event_date of the search.
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
