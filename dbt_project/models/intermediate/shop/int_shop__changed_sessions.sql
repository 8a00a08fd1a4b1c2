{% set changed %}
    select {{ session_scope('session_id', 'user_id', 'id') }} as session_scope
    from {{ source('shop', 'user_events') }}
    where id in (
        select new_versions.id
        from {{ new_versions('shop', 'user_events') }} as new_versions
    )
{% endset -%}
{{ with_days_before(
    changed,
    'session_scope',
    [['fct_web_events', 'event_date']]
) }}
