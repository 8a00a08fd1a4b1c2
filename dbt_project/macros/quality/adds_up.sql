{#
    The body of a data test: the source tables of which int_<system>__data_quality does not
    tell all. Keys that are live in raw, and those that were rejected and are not, must be as
    many as the rows that their core tables stand for and those that are told as missing.

    `tables` are [source table, its staging model, that one's key, core table, how many rows of
    the source a row of that stands for].
#}
{% macro quality_adds_up(system, tables) -%}
    with

    missing as (
        select
            table_name,
            sum(row_count) as missing_rows
        from {{ ref('int_' ~ system ~ '__data_quality') }}
        where effect = 'row'
        group by table_name
    ),

    counted as (
        {% for table, staged, key, core, source_rows in tables -%}
        {{ 'union all' if not loop.first }}
        select
            '{{ table }}' as table_name,
            (
                select count(*)
                from (
                    select {{ key }} as source_key
                    from {{ staged }}
                    union distinct
                    select {{ json_text('row_key', 'id') }} as source_key
                    from {{ source(system, '_rejected') }}
                    where
                        table_name = '{{ table }}'
                        and resolved_at is null
                        and coalesce(effect, 'row') = 'row'
                ) as source_keys
            ) as source_rows,
            (select coalesce(sum({{ source_rows }}), 0) from {{ core }} as core_rows)
                as represented_rows
        {% endfor %}
    )

    select
        counted.table_name,
        counted.source_rows,
        counted.represented_rows,
        missing.missing_rows
    from counted
    left join missing on counted.table_name = missing.table_name
    where
        counted.source_rows
        <> counted.represented_rows + coalesce(missing.missing_rows, 0)
{%- endmacro %}
