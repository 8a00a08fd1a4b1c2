{{ config(materialized='view') }}

with

product_events as (
    select * from {{ ref('fct_product_events') }}
),

web_events as (
    select * from {{ ref('fct_web_events') }}
),

final as (
    {% for events, source_order in [('product_events', 1), ('web_events', 2)] -%}
    {{ 'union all' if not loop.first }}
    select
        event_id,
        tenant_key,
        product_id,
        -- Events that name no product are of any.
        {% for attribute in ['product_name', 'category'] -%}
        case
            when product_id not in ({{ unknown_identifiers('shop') }})
                then {{ attribute }}
        end as {{ attribute }},
        {% endfor -%}
        {{ source_order }} as source_order,
        event_date,
        occurred_at
    from {{ events }}
    where product_id is not null
    {% endfor %}
)

select * from final
