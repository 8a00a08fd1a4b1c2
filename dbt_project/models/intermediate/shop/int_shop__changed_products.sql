{% set changed -%}
select
    {{ known_identifier('shop', optional_identifier('product_id'), of='id') }}
        as product_id
from {{ touched_versions('shop', 'product_events') }} as versions
union distinct
select {{ told_identifier('shop', payload_text('product_id'), of='id') }} as product_id
from {{ touched_versions('shop', 'user_events') }} as versions
{{ union_keys_of_passed_days('fct_product_events', 'product_id', ['event_date']) }}
{{ union_keys_of_passed_days('fct_web_events', 'product_id', ['event_date']) }}
{%- endset %}
{{ with_days_before(
    changed,
    'product_id',
    [
        ['int_shop__products', 'named_date', 'product_name'],
        ['int_shop__products', 'categorized_date', 'category']
    ]
) }}
