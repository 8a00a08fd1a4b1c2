{% set changed -%}
{{ changed_customers('customer_key', [
    [
        ref('int_shop__changed_product_events'), 'event_id',
        ref('fct_product_events')
    ],
]) }}
{{ union_keys_of_passed_days('fct_product_events', 'customer_key', ['event_date']) }}
{%- endset %}
{{ with_days_before(
    changed,
    'customer_key',
    [['int_shop__recommended_purchases', 'clicked_date']]
) }}
