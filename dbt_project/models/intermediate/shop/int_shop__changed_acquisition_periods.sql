{#
    Where a user comes from may be told anew by another session than the one with the
    registration; that keeps its day, which its acquired_date tells.
-#}
{{ changed_periods([
    [
        ref('int_shop__changed_sessions'), 'session_scope',
        ref('fct_web_events'), 'event_date'
    ],
    [
        ref('int_shop__changed_origins'), 'customer_key',
        ref('int_shop__acquisitions'), 'acquired_date'
    ],
]) }}
