{% set changed %}
    select {{ session_scope('session_id', 'user_id', 'id') }} as session_scope
    from {{ touched_versions('shop', 'user_events') }} as versions
{% endset -%}
{{ with_days_before(
    changed,
    'session_scope',
    [['fct_web_events', 'event_date']]
) }}
