{% set changed %}
    select customer_key
    from {{ ref('int_shop__changed_customers') }}
{% endset -%}
{{ with_days_before(
    changed,
    'customer_key',
    [
        ['int_shop__customer_origins', 'first_event_date'],
        ['int_shop__customer_origins', 'first_purchase_date']
    ]
) }}
