{%- set implausible_instant = [
    'has_implausible_occurred_at', 'implausible_instant', 'value'
] -%}
{%- set unknown_currency = ['has_unknown_currency', 'unknown_currency', 'value'] -%}
{%- set malformed_json = ['has_invalid_data', 'malformed_json', 'value'] -%}
{%- set rules = {
    'user_events': [
        implausible_instant, malformed_json,
        ['has_implausible_result_count', 'implausible_amount', 'value'],
    ],
    'product_events': [
        implausible_instant, unknown_currency, malformed_json,
        [
            'has_implausible_quantity or has_implausible_price'
            ~ ' or has_implausible_revenue',
            'implausible_amount', 'value'
        ],
    ],
    'order_events': [
        implausible_instant, unknown_currency, malformed_json,
        [
            'has_implausible_order_total or has_implausible_items_count',
            'implausible_amount', 'value'
        ],
    ],
} -%}
with

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

{% for table in rules -%}
{{ table }} as (
    select
        staged.*,
        tenants.tenant_key
    from {{ ref('stg_shop__' ~ table) }} as staged
    inner join tenants
        on {{ only_tenant_key('shop', of='staged.event_id') }} = tenants.tenant_key
),

{% endfor -%}
final as (
    {{ rejected_quality('shop', rules.keys() | list) }}
    {% for table, of_table in rules.items() -%}
    union all
    {{ flagged_quality('shop', table, table, of_table, '_loaded_at') }}
    {% endfor %}
)

select * from final
