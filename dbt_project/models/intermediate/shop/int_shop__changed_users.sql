{# Of whole scopes: whether an event is a bot's depends on others of its session. -#}
{% set changed %}
    select {{ optional_identifier('user_id') }} as user_id
    from {{ raw_rows('shop', 'user_events') }} as versions
    where {{ session_scope('session_id', 'user_id', 'id') }} in (
        select changed_sessions.session_scope
        from {{ ref('int_shop__changed_sessions') }} as changed_sessions
    )
{% endset -%}
{{ with_days_before(
    changed,
    'user_id',
    [['int_shop__web_users', 'first_event_date', 'customer_key']]
) }}
