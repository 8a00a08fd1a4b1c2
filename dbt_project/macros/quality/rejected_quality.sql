{#
    A query, for int_<system>__data_quality: what extraction kept out of some tables and
    still stands. A row whose key raw knows by an earlier version is in its core table, only
    older than in the source. Which tenant a rejected row is of isn't known.
#}
{% macro rejected_quality(system, tables) -%}
    {% for table in tables -%}
    {% set is_first = loop.first -%}
    {% for name in sources_of(system) -%}
    {{ 'union all' if not (is_first and loop.first) }}
    select
        '{{ name }}:{{ var("unknown_id") }}' as tenant_key,
        '{{ name }}' as source_system,
        '{{ table }}' as table_name,
        rule,
        effect,
        count(distinct row_key) as row_count,
        min(_loaded_at) as first_seen_at,
        max(_loaded_at) as last_seen_at
    from ({{ standing_rejections(system, name, table) }}) as standing
    group by
        rule,
        effect
    {% endfor -%}
    {% endfor %}
{%- endmacro %}

{# Each standing record of `_rejected` of a source's table, with its rule and effect. #}
{% macro standing_rejections(system, source_name, table) -%}
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
    from ({{ unresolved_rejections(system, source_name, table) }}) as recorded
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
            from {{ raw_relation(system, source_name, table) }}
            -- The log itself is large: only what is asked for.
            where {{ identifier('id') }} in (
                select asked.id
                from ({{ unresolved_rejections(system, source_name, table) }}) as asked
            )
        ) as versions
        where
            versions.place = 1
            and versions._op <> 'delete'
    ) as live
        on recorded.id = live.id
{%- endmacro %}

{# Keys are as the source has them. #}
{% macro unresolved_rejections(system, source_name, table) -%}
    select
        row_key,
        effect,
        {{ json_text('row_key', 'id') }} as id,
        _loaded_at
    from {{ raw_relation(system, source_name, '_rejected') }}
    where
        table_name = '{{ table }}'
        and resolved_at is null
{%- endmacro %}
