{#
    A query, for int_<system>__data_quality: what extraction kept out of some tables and
    still stands. A row whose key raw knows by an earlier version is in its core table, only
    older than in the source. Which tenant a rejected row is of isn't known.
#}
{% macro rejected_quality(system, tables) -%}
    {% for table in tables -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ system }}:{{ var("unknown_id") }}' as tenant_key,
        '{{ system }}' as source_system,
        '{{ table }}' as table_name,
        rule,
        effect,
        count(distinct row_key) as row_count,
        min(_loaded_at) as first_seen_at,
        max(_loaded_at) as last_seen_at
    from ({{ standing_rejections(system, table) }}) as standing
    group by
        rule,
        effect
    {% endfor %}
{%- endmacro %}

{# Each standing record of `_rejected` of a table, with its rule and effect. #}
{% macro standing_rejections(system, table) -%}
    select
        recorded.row_key,
        recorded._loaded_at,
        case
            when recorded.effect = 'value' then 'value_set_aside'
            else 'rejected'
        end as rule,
        case
            when recorded.effect = 'value' then 'value'
            when live.id is not null then 'check'
            else 'row'
        end as effect
    from ({{ unresolved_rejections(system, table) }}) as recorded
    left join (
        select versions.id
        from (
            select
                {{ identifier('id') }} as id,
                _op,
                row_number() over (
                    partition by id
                    order by _batch_seq desc
                ) as place
            from {{ source(system, table) }}
            -- The log itself is large: only what is asked for.
            where {{ identifier('id') }} in (
                select asked.id
                from ({{ unresolved_rejections(system, table) }}) as asked
            )
        ) as versions
        where
            versions.place = 1
            and versions._op <> 'delete'
    ) as live
        on recorded.id = live.id
{%- endmacro %}

{% macro unresolved_rejections(system, table) -%}
    select
        row_key,
        effect,
        {{ json_text('row_key', 'id') }} as id,
        _loaded_at
    from {{ source(system, '_rejected') }}
    where
        table_name = '{{ table }}'
        and resolved_at is null
{%- endmacro %}
