{#
    The latest version of every key of a kind's raw table, deleted keys left out.

    Raw is an append-only log of row versions; the greatest _batch_seq is the latest. An
    aggregate and a join, not a window: half the time, and wide columns are never sorted. In
    an incremental build only versions that the last one has not seen: a key's latest version
    is among its new ones.
#}
{% macro latest_versions(kind, table) -%}
    {%- set rows = raw_rows(kind, table, 'new' if replaces_changes() else 'all') -%}
    (
        select versions.*
        from {{ rows }} as versions
        inner join (
            select
                id as latest_key,
                max(_batch_seq) as latest_batch_seq
            from {{ rows }} as keys
            group by id
        ) as latest
            on versions.id = latest.latest_key
            and versions._batch_seq = latest.latest_batch_seq
        where versions._op <> 'delete'
    )
{%- endmacro %}
