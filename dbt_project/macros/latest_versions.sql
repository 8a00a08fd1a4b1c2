{#
    The latest version of every key of a raw table, deleted keys left out.

    Raw is an append-only log of row versions; the greatest _batch_seq is the latest. An
    aggregate and a join, not a window: half the time, and wide columns are never sorted.
#}
{% macro latest_versions(relation, key='id') -%}
    (
        select versions.*
        from {{ relation }} as versions
        inner join (
            select
                {{ key }} as latest_key,
                max(_batch_seq) as latest_batch_seq
            from {{ relation }}
            group by {{ key }}
        ) as latest
            on versions.{{ key }} = latest.latest_key
            and versions._batch_seq = latest.latest_batch_seq
        where versions._op <> 'delete'
    )
{%- endmacro %}
