{% set changed -%}
select 'shop:' || {{ optional_identifier('user_id') }} as customer_key
from {{ source('shop', 'product_events') }}
where id in (
    select new_versions.id
    from {{ new_versions('shop', 'product_events') }} as new_versions
)
{{ union_keys_of_passed_days('fct_product_events', 'customer_key', ['event_date']) }}
{%- endset %}
{{ with_days_before(
    changed,
    'customer_key',
    [['int_shop__recommended_purchases', 'clicked_date']]
) }}
