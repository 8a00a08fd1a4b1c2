{{ config(
    materialized='incremental',
    unique_key='product_id',
    meta={'changed': 'int_shop__changed_products'}
) }}
{{ clustered_by('product_id') }}
{%- set attributes = {'product_name': 'named_date', 'category': 'categorized_date'} %}

with

product_events as (
    select * from {{ ref('fct_product_events') }}
    {{ where_changed('int_shop__changed_products', 'product_id') }}
),

web_events as (
    select * from {{ ref('fct_web_events') }}
    {{ where_changed('int_shop__changed_products', 'product_id') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

-- What lies after the local day, or on none, is not the latest.
told as (
    {% for relation, source_order in [('product_events', 1), ('web_events', 2)] -%}
    {{ 'union all' if not loop.first }}
    select
        events.event_id,
        events.tenant_key,
        events.product_id,
        -- Events that name no product are of any.
        {% for attribute in attributes -%}
        case
            when events.product_id not in ({{ unknown_identifiers('shop') }})
                then events.{{ attribute }}
        end as {{ attribute }},
        {% endfor -%}
        {{ source_order }} as source_order,
        events.event_date,
        case when events.event_date <= tenants.local_date then events.occurred_at end
            as passed_at
    from {{ relation }} as events
    inner join tenants on events.tenant_key = tenants.tenant_key
    where events.product_id is not null
    {% endfor %}
),

ranked as (
    select
        {% for attribute in attributes -%}
        row_number() over (
            partition by tenant_key, product_id
            order by
                case when {{ attribute }} is null then 1 else 0 end,
                case when passed_at is null then 1 else 0 end,
                passed_at desc,
                source_order,
                {{ sortable_id('event_id') }} desc
        ) as {{ attribute }}_recency,
        {% endfor -%}
        *
    from told
),

final as (
    select
        product_id,
        {% for attribute, date in attributes.items() -%}
        coalesce(
            max(case when {{ attribute }}_recency = 1 then {{ attribute }} end),
            '{{ var("unknown_id") }}'
        ) as {{ attribute }},
        max(
            case
                when {{ attribute }}_recency = 1 and {{ attribute }} is not null
                    then event_date
            end
        ) as {{ date }},
        {% endfor -%}
        tenant_key
    from ranked
    group by product_id, tenant_key
)

select * from final
