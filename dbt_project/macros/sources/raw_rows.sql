{#
    What raw has of a kind's table: the one source's relation, or the rows of all sources, with
    identifiers (columns `id` and `*_id`) as they are shown (identifiers.sql).

    `which` rows: all; new, which the last complete build has not seen; or touched, all versions
    of the keys that new ones have. Each source has batch numbers of its own, so each is asked by
    itself. Where everything is to be built anew, none is new.
#}
{% macro raw_rows(kind, table, which='all') -%}
    {%- if which != 'all' and not (execute and last_built_batch()) -%}
    (select * from {{ raw_rows(kind, table) }} as versions where false)
    {%- elif not execute or has_plain_ids(kind) -%}
    {{ rows_of_source(kind, kind, table, which) }}
    {%- else -%}
    (
        {%- for name in sources_of(kind) %}
        {{ 'union all' if not loop.first }}
        select
            {%- for column in columns_of_sources(kind, table) %}
            {% set held = column.held[name] -%}
            {%- if held and column.is_identifier -%}
            {{ shown_identifier(kind, name, held) }}
            {%- else -%}
            {{ held or 'cast(null as ' ~ column.type ~ ')' }}
            {%- endif %} as {{ column.name }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ rows_of_source(kind, name, table, which) }} as versions
        {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}

{# The same of one source, with identifiers as it has them. #}
{% macro rows_of_source(kind, source_name, table, which='all') -%}
    {%- set relation = raw_relation(kind, source_name, table) -%}
    {%- if which == 'all' -%}
    {{ relation }}
    {%- else -%}
    {%- set is_new = '_batch_seq > ' ~ last_batches().get(source_name, 0) -%}
    (
        select * from {{ relation }}
        {% if which == 'new' -%}
        where {{ is_new }}
        {%- else -%}
        where id in (select id from {{ relation }} where {{ is_new }})
        {%- endif %}
    )
    {%- endif -%}
{%- endmacro %}

{# A table of a source in raw; dbt declares those of sources that are named as their kind. #}
{% macro raw_relation(kind, source_name, table) -%}
    {%- set declared = source(kind, table) -%}
    {%- if source_name == kind or not execute -%}{{ return(declared) }}{%- endif -%}
    {{ return(api.Relation.create(
        database=declared.database,
        schema=declared.schema[:-(kind | length)] ~ source_name,
        identifier=table
    )) }}
{%- endmacro %}

{#
    The columns of a table over all of a kind's sources: name, type, whether it is an identifier,
    and what it is called in each source that has it. Looked up once in a build. A column
    that nobody declared may have other types in other sources: it is left out.
#}
{% macro columns_of_sources(kind, table) -%}
    {%- set known = graph.setdefault('columns_of_sources', {}) -%}
    {%- set key = invocation_id ~ kind ~ '.' ~ table -%}
    {%- if key not in known -%}
        {%- set found = {} -%}
        {%- for name in sources_of(kind) -%}
            {%- for held in adapter.get_columns_in_relation(raw_relation(kind, name, table)) -%}
                {%- set quoted = adapter.quote(held.name) -%}
                {%- set is_identifier = modules.re.fullmatch('(.*_)?id', held.name | lower)
                    and held.dtype | lower not in ('bytes', 'bytea', 'blob') -%}
                {%- set column = found.setdefault(held.name | lower, {
                    'name': quoted,
                    'type': dbt.type_string() if is_identifier else held.data_type,
                    'is_identifier': is_identifier,
                    'held': {},
                    'differs': [],
                }) -%}
                {%- do column.held.update({name: quoted}) -%}
                {%- if not is_identifier and column.type != held.data_type -%}
                    {%- do column.differs.append(name) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do known.update({key: found.values() | rejectattr('differs') | list}) -%}
    {%- endif -%}
    {{ return(known[key]) }}
{%- endmacro %}
