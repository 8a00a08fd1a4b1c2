{% set changed %}
    select {{ optional_identifier('user_id') }} as user_id
    from {{ source('shop', 'user_events') }}
    where id in (
        select new_versions.id
        from {{ new_versions('shop', 'user_events') }} as new_versions
    )
{% endset -%}
{{ with_days_before(
    changed,
    'user_id',
    [['int_shop__web_users', 'first_event_date']]
) }}
