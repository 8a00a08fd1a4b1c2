{{ config(
    materialized='incremental',
    unique_key='product_id',
    meta={'changed': 'int_shop__changed_products'}
) }}
{{ clustered_by('product_id') }}
{%- set attributes = {'product_name': 'named_date', 'category': 'categorized_date'} %}

with

told as (
    select * from {{ ref('int_shop__told_products') }}
    {{ where_changed('int_shop__changed_products', 'product_id') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

-- What lies after the local day, or on none, is not the latest.
passed as (
    select
        told.*,
        case when told.event_date <= tenants.local_date then told.occurred_at end
            as passed_at
    from told
    inner join tenants on told.tenant_key = tenants.tenant_key
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
    from passed
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
