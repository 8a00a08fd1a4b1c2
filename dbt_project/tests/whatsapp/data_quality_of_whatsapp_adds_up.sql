{# Source table, its core table, and which of its rows are the source's. #}
{% set tables = [
    ['tenants', 'int_whatsapp__tenants', 'not is_inferred'],
    ['outlets', 'dim_outlets', 'not is_inferred'],
    ['conversations', 'fct_conversations', 'true'],
    ['messages', 'fct_messages', 'true'],
] -%}
with

{% for table, core, is_of_source in tables -%}
live_{{ table }} as (
    select versions.id
    from (
        select
            {{ identifier('id') }} as id,
            _op,
            row_number() over (
                partition by id
                order by _batch_seq desc
            ) as place
        from {{ source('whatsapp', table) }}
    ) as versions
    where
        versions.place = 1
        and versions._op <> 'delete'
),

{% endfor -%}
kept_out as (
    select
        table_name,
        sum(row_count) as row_count
    from {{ ref('int_whatsapp__data_quality') }}
    where effect = 'row'
    group by table_name
),

counted as (
    {% for table, core, is_of_source in tables -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ table }}' as table_name,
        (
            select count(*)
            from live_{{ table }}
        ) as live_rows,
        (
            select count(distinct recorded.row_key)
            from {{ source('whatsapp', '_rejected') }} as recorded
            left join live_{{ table }} as live
                on {{ json_text('recorded.row_key', 'id') }} = live.id
            where
                recorded.table_name = '{{ table }}'
                and coalesce(recorded.effect, 'row') = 'row'
                and recorded.resolved_at is null
                and live.id is null
        ) as rejected_rows,
        (
            select count(*)
            from {{ ref(core) }}
            where {{ is_of_source }}
        ) as core_rows
    {% endfor %}
)

select
    counted.table_name,
    counted.live_rows,
    counted.rejected_rows,
    counted.core_rows,
    kept_out.row_count as kept_out_rows
from counted
left join kept_out on counted.table_name = kept_out.table_name
where
    counted.live_rows + counted.rejected_rows
    <> counted.core_rows + coalesce(kept_out.row_count, 0)
