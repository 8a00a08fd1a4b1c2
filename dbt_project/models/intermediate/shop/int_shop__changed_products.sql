{% set changed -%}
select
    coalesce(
        {{ optional_identifier('product_id') }}, '{{ var("unknown_id") }}'
    ) as product_id
from {{ source('shop', 'product_events') }}
where id in (
    select new_versions.id
    from {{ new_versions('shop', 'product_events') }} as new_versions
)
union distinct
select {{ payload_text('product_id') }} as product_id
from {{ source('shop', 'user_events') }}
where id in (
    select new_versions.id
    from {{ new_versions('shop', 'user_events') }} as new_versions
)
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
