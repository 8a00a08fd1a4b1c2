{#
    The latest version of every key of a raw table, deleted keys left out.

    Raw is an append-only log of row versions; the greatest _batch_seq is the latest. An
    aggregate and a join, not a window: half the time, and wide columns are never sorted. In
    an incremental build only versions that the last one has not seen: a key's latest version
    is among its new ones.
#}
{% macro latest_versions(relation, key='id') -%}
    {%- set last = last_built_batch() if replaces_changes() else 0 -%}
    (
        select versions.*
        from {{ relation }} as versions
        inner join (
            select
                {{ key }} as latest_key,
                max(_batch_seq) as latest_batch_seq
            from {{ relation }}
            {% if last %}where _batch_seq > {{ last }}{% endif %}
            group by {{ key }}
        ) as latest
            on versions.{{ key }} = latest.latest_key
            and versions._batch_seq = latest.latest_batch_seq
        where
            versions._op <> 'delete'
            {% if last %}and versions._batch_seq > {{ last }}{% endif %}
    )
{%- endmacro %}
