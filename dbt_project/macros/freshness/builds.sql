{#
    What builds made, for marts.freshness: the table intermediate.builds has a row for each
    model or seed that is recorded, as it was last made. dbt itself knows what it made, at its end:
    this is no model but a table that hooks write, whoever calls dbt. Views of `reporting` have
    rows there, too (macros/reporting/views.sql).
#}
{% macro builds() -%}
    {{ return(api.Relation.create(
        target.database, generate_schema_name('intermediate', none), 'builds'
    )) }}
{%- endmacro %}

{# For on-run-start: an empty table where there is none, for what reads it. #}
{% macro prepare_builds() -%}
    {%- set table = builds() -%}
    {%- if execute and load_relation(table) is none -%}
    {%- if not has_schema(table) -%}
        {%- do adapter.create_schema(table) -%}
    {%- endif -%}
    create table if not exists {{ table }} as
    select
        cast(null as {{ dbt.type_string() }}) as source_system,
        cast(null as {{ dbt.type_string() }}) as relation_schema,
        cast(null as {{ dbt.type_string() }}) as relation_name,
        cast(null as bigint) as row_count,
        {{ timestamp_literal('1970-01-01T00:00:00Z') }} as built_at
    limit 0
    {%- endif -%}
{%- endmacro %}

{#
    For on-run-end: a row for each one that was made; those that there are no more go, and so do
    their tables.
#}
{% macro record_builds(results) -%}
    {%- set recorded = recorded_builds() if execute else {} -%}
    {%- set made, kept = [], [] -%}
    {%- for result in results if result.status == 'success' and result.node.unique_id in recorded -%}
        {%- do made.append(recorded.pop(result.node.unique_id)) -%}
    {%- endfor -%}
    {%- for node in recorded.values() -%}
        {%- do kept.append("'" ~ node.config.schema ~ '.' ~ node.alias ~ "'") -%}
    {%- endfor -%}
    {%- if made -%}
    {%- do drop_unmade() -%}
    delete from {{ builds() }}
    where
        relation_schema <> 'reporting'
        {% if kept -%}
        and relation_schema || '.' || relation_name not in ({{ kept | join(', ') }})
        {%- endif %};

    insert into {{ builds() }} (
        source_system, relation_schema, relation_name, row_count, built_at
    )
    {% for node in made -%}
    {%- set kind = (node.tags + ['cross_source']) | first -%}
    {#- Rows of staging are told by source: the first column of each is the row's id. -#}
    {%- set is_of_sources = node.config.schema == 'staging' and not has_plain_ids(kind) -%}
    {%- set is_first = loop.first -%}
    {% for name in (sources_of(kind) if is_of_sources else [kind]) -%}
    {{ 'union all' if not (is_first and loop.first) }}
    select
        '{{ name }}' as source_system,
        '{{ node.config.schema }}' as relation_schema,
        '{{ node.alias }}' as relation_name,
        {{ 'cast(null as bigint)' if is_written(node) else 'count(*)' }} as row_count,
        {{ dbt.current_timestamp() }} as built_at
    {% if not is_written(node) -%}
    from {{ node.relation_name }}
    {% endif -%}
    {% if is_of_sources -%}
    where {{ source_of(kind, node.columns | first) }} = '{{ name }}'
    {% endif -%}
    {% endfor -%}
    {% endfor %}
    {%- endif -%}
{%- endmacro %}

{#
    Drops the tables that builds have recorded and no model makes any more: they would stand there
    with old numbers, or take room. What somebody else made stays, and what is of a system that this
    invocation is not told of. Views of `reporting` go by macros/reporting.
#}
{% macro drop_unmade() -%}
    {%- set made_by_models = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') -%}
        {%- do made_by_models.append((node.config.schema, node.alias)) -%}
    {%- endfor -%}
    {%- set recorded -%}
    select distinct
        relation_schema,
        relation_name
    from {{ builds() }}
    where
        relation_schema in ('core', 'intermediate', 'marts')
        and source_system in ('cross_source', '{{ var('systems') | join("', '") }}')
    {%- endset -%}
    {%- for schema, name in run_query(recorded).rows if (schema, name) not in made_by_models -%}
        {%- set relation = load_relation(api.Relation.create(
            target.database, generate_schema_name(schema, none), name
        )) -%}
        {%- if relation -%}
            {%- do adapter.dispatch('drop_with_readers')(relation) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{#
    What people read, models of a source's table, the last ones of complete builds, and what a
    declaration writes, which goes with it: nodes by their unique id. The view freshness is not among
    what it tells of.
#}
{% macro recorded_builds() -%}
    {%- set of_tables, found = [], {} -%}
    {%- for source in graph.sources.values() -%}
        {%- do of_tables.append('stg_' ~ source.source_name ~ '__' ~ source.name) -%}
    {%- endfor -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') -%}
        {%- if node.name != 'freshness' and (
            node.config.schema in ('core', 'marts')
            or node.name in of_tables
            or node.name.endswith('__built')
            or is_written(node)
        ) -%}
            {%- do found.update({node.unique_id: node}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#
    Whether a model of intermediate follows from a declaration, as its first line says (marts/models.py):
    measures of a mart, changed keys of a fact. Nobody asks how many rows it has.
#}
{% macro is_written(node) -%}
    {{ return(
        node.resource_type == 'model'
        and node.config.schema == 'intermediate'
        and not node.name.endswith('__built')
        and 'Written by `python -m marts write`' in node.raw_code.split('\n')[0]
    ) }}
{%- endmacro %}
