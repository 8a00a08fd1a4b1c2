{#
    The incremental strategy of all incremental models: whole groups are replaced.

    A group is every row with the same values in `unique_key`. Which groups change is told by
    the model that `meta: {changed: ...}` names, and for staging by the raw table: the keys of
    the versions that the last complete build has not seen. A group without new rows goes, and
    so do all rows of a source that is no longer there.
#}
{% macro get_incremental_replace_groups_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }} as held
    where
        {{ is_in_changed_group('held') }}
        {{ or_of_source_gone('held') }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{#
    dbt-bigquery knows no strategies but its own: these two of its macros are overridden, but for
    your own models. Both statements are one script with one transaction there, and
    `temp_relation` a table that is dropped after it.
#}
{% macro dbt_bigquery_validate_get_incremental_strategy(config) -%}
    {{ return(config.get('incremental_strategy') or 'merge') }}
{%- endmacro %}

{% macro bq_generate_incremental_build_sql(
    strategy, tmp_relation, target_relation, sql, unique_key, partition_by, partitions,
    dest_columns, tmp_relation_exists, copy_partitions, incremental_predicates
) -%}
    {%- if strategy != 'replace_groups' -%}
        {{ return(dbt.bq_generate_incremental_build_sql(
            strategy, tmp_relation, target_relation, sql, unique_key, partition_by, partitions,
            dest_columns, tmp_relation_exists, copy_partitions, incremental_predicates
        )) }}
    {%- endif -%}
    begin transaction;
    {{ get_incremental_replace_groups_sql({
        'target_relation': target_relation,
        'temp_relation': tmp_relation,
        'dest_columns': dest_columns,
    }) }};
    commit transaction;
{%- endmacro %}

{% macro is_in_changed_group(held) -%}
    {%- set keys = config.require('unique_key') -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set changed = config.get('meta', {}).get('changed') -%}
    {%- if changed -%}
    exists (
        select 1
        from {{ relation_of(changed) }} as changed
        where
            {% for key in keys -%}
            {{ 'and ' if not loop.first }}changed.{{ key }} = {{ held }}.{{ key }}
            {% endfor %}
    )
    {%- else -%}
    {# No correlated subquery: BigQuery has few over a union, which several sources are. -#}
    {{ held }}.{{ keys[0] }} in (
        select {{ identifier('versions.id') }}
        from {{ raw_rows(*model.sources[0], which='new') }} as versions
    )
    {%- endif %}
    {# Of groups of several columns the last is the date that the table is partitioned by. -#}
    {%- set values -%}
        {%- if changed -%}
        select {{ keys[-1] }}
        from {{ relation_of(changed) }}
        {%- else -%}
        select {{ identifier('id') }}
        from {{ raw_rows(*model.sources[0], which='new') }} as versions
        {%- endif -%}
    {%- endset %}
    {{ and_one_of(held ~ '.' ~ keys[-1], values) }}
{%- endmacro %}

{#
    Of which source a row is, its tenant's key says, else its first column, which is an id; of
    the source that is named as the kind, ids are those that name no other.
#}
{% macro or_of_source_gone(held) -%}
    {%- set by_tenant = 'tenant_key' in model.columns -%}
    {%- set column = held ~ '.' ~ ('tenant_key' if by_tenant else model.columns | first) -%}
    {%- for name in sources_gone() %}
        {%- if by_tenant or name != running_kind() %}
        or {{ begins_with(column, name) }}
        {%- else %}
        or not {{ names_its_source(name, column) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
