{%- set facts = {
    'user_events': ('fct_web_events', 'count(*)'),
    'product_events': ('fct_product_events', 'count(*)'),
    'order_events': ('fct_orders', 'sum(source_rows)'),
} -%}
with

{% for table in facts -%}
{{ table }} as (
    select {{ identifier('id') }} as row_id
    from {{ latest_versions(source('shop', table)) }} as latest
),

{% endfor -%}
rejected as (
    select distinct
        table_name,
        {{ json_text('row_key', 'id') }} as row_id
    from {{ source('shop', '_rejected') }}
    where resolved_at is null and coalesce(effect, 'row') = 'row'
),

quality as (
    select
        table_name,
        sum(row_count) as row_count
    from {{ ref('int_shop__data_quality') }}
    where effect = 'row'
    group by table_name
),

counts as (
    {% for table, (fact, of_fact) in facts.items() -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ table }}' as table_name,
        (select count(*) from {{ table }}) as live_rows,
        (
            select count(*)
            from rejected
            left join {{ table }} as live on rejected.row_id = live.row_id
            where rejected.table_name = '{{ table }}' and live.row_id is null
        ) as missing_rows,
        (select {{ of_fact }} from {{ ref(fact) }}) as rows_in_fact,
        (
            select sum(row_count)
            from quality
            where table_name = '{{ table }}'
        ) as rows_told
    {% endfor %}
)

select *
from counts
where
    live_rows + missing_rows
    <> coalesce(rows_in_fact, 0) + coalesce(rows_told, 0)
