{#
    The body of a data test: the source tables of which int_<system>__data_quality does not
    tell all. Keys that are live in raw, and rejected ones that are not, must be as many as
    the source's rows that are in the core table and those that are told as missing.

    `tables` are [source table, its core table, how many rows of the source a row of that
    stands for].
#}
{% macro quality_adds_up(system, tables) -%}
    with

    {% for table, core, source_rows in tables -%}
    live_{{ table }} as (
        select {{ identifier('id') }} as source_key
        from {{ latest_versions(system, table) }} as latest
    ),

    {% endfor -%}
    missing as (
        select
            table_name,
            sum(row_count) as missing_rows
        from {{ ref('int_' ~ system ~ '__data_quality') }}
        where effect = 'row'
        group by table_name
    ),

    counted as (
        {% for table, core, source_rows in tables -%}
        {{ 'union all' if not loop.first }}
        select
            '{{ table }}' as table_name,
            (select count(*) from live_{{ table }}) as live_rows,
            (
                {% for name in sources_of(system) -%}
                {{ ') + (' if not loop.first }}
                select count(distinct recorded.row_key)
                from (
                    {{ unresolved_rejections(system, name, table) }}
                ) as recorded
                left join live_{{ table }} as live
                    on
                        {{ shown_identifier(system, name, 'recorded.id') }}
                        = live.source_key
                where
                    coalesce(recorded.effect, 'row') = 'row'
                    and live.source_key is null
                {% endfor -%}
            ) as rejected_rows,
            (
                select coalesce(sum({{ source_rows }}), 0)
                from {{ core }} as core_rows
            ) as represented_rows
        {% endfor %}
    )

    select
        counted.table_name,
        counted.live_rows,
        counted.rejected_rows,
        counted.represented_rows,
        missing.missing_rows
    from counted
    left join missing on counted.table_name = missing.table_name
    where
        counted.live_rows + counted.rejected_rows
        <> counted.represented_rows + coalesce(missing.missing_rows, 0)
{%- endmacro %}
