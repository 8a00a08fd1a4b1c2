{% set changed %}
    select {{ identifier('id') }} as event_id
    from {{ source('shop', 'product_events') }}
    where id in (
        select new_versions.id
        from {{ new_versions('shop', 'product_events') }} as new_versions
    )
{% endset -%}
{{ with_days_before(
    changed,
    'event_id',
    [['fct_product_events', 'event_date', 'customer_key']]
) }}
