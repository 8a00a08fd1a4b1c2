{#
    Schema `reporting`: a view of each mart, with names beside its ids (variable `names`).

    They are no models: a node costs a build more than the view does. What is there is compared
    with what should be, and only that is made which is missing or has other columns. The table of
    builds names those that were made, so that no other view goes: somebody may have made it.
#}

{# For on-run-start. #}
{% macro prepare_reporting() -%}
    {%- set schema = reporting_relation('').without_identifier() -%}
    {%- if execute and not has_schema(schema) -%}
        {%- do adapter.create_schema(schema) -%}
    {%- endif -%}
{%- endmacro %}

{# For on-run-end: all of them; those that were made and whose mart is gone go. #}
{% macro reporting_views() -%}
    {%- if execute and results | selectattr('status', 'equalto', 'success') | list -%}
        {%- set there = columns_there() -%}
        {%- for place in there
            if place.startswith('taken.') and 'marts.' ~ place.removeprefix('taken.') in there -%}
            {%- set name = place.removeprefix('taken.') -%}
            {%- do exceptions.warn(
                'reporting.' ~ name ~ ' is no view. Rename it, and the next build makes the view '
                ~ 'of the mart of this name.'
            ) -%}
        {%- endfor -%}
        {{ due_views(there) }}
        {{ record_views(there) }}
    {%- endif -%}
{%- endmacro %}

{# Statements that note in the table of builds which views there are now. #}
{% macro record_views(there) -%}
    {%- set made, gone = [], [] -%}
    {%- for place in there -%}
        {%- set layer, _, name = place.partition('.') -%}
        {%- if layer == 'made' and 'marts.' ~ name not in there -%}
            {%- do gone.append("'" ~ dbt.escape_single_quotes(name) ~ "'") -%}
        {%- elif layer == 'marts' and 'made.' ~ name not in there
            and 'taken.' ~ name not in there -%}
            {%- do made.append("'" ~ dbt.escape_single_quotes(name) ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if gone %}
    delete from {{ builds() }}
    where relation_schema = 'reporting' and relation_name in ({{ gone | join(', ') }});
    {%- endif -%}
    {%- if made %}
    insert into {{ builds() }} (source_system, relation_schema, relation_name, built_at)
    {% for name in made -%}
    {{ 'union all' if not loop.first }}
    select
        'cross_source' as source_system,
        'reporting' as relation_schema,
        {{ name }} as relation_name,
        {{ dbt.current_timestamp() }} as built_at
    {% endfor %};
    {%- endif -%}
{%- endmacro %}

{#
    Statements that make views due, of the marts among `there`: 'schema.table' → its columns,
    also of the tables of names. What would be too large for one request is sent before.
    Where something else has a view's name, it stays: it keeps no build from its end.
#}
{% macro due_views(there) -%}
    {%- set due = [] -%}
    {%- for place, columns in there.items()
        if place.startswith('marts.') and 'taken.' ~ place.removeprefix('marts.') not in there -%}
        {%- set mart = place.removeprefix('marts.') -%}
        {%- set shown = shown_columns(columns, there) -%}
        {%- if shown | map(attribute='name') | list != there.get('reporting.' ~ mart) -%}
            {%- do due.append(reporting_view(mart, shown) ~ view_is_made()) -%}
        {%- endif -%}
        {%- if due | join | length > 250000 -%}
            {%- do run_query(due | join('\n')) -%}
            {%- do due.clear() -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for place in there if place.startswith('reporting.') -%}
        {%- set mart = place.removeprefix('reporting.') -%}
        {%- if 'made.' ~ mart in there and 'marts.' ~ mart not in there -%}
            {%- do due.append(
                'drop view if exists ' ~ reporting_relation(mart) ~ ';' ~ view_is_made()
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ due | join('\n') }}
{%- endmacro %}

{#
    The columns of a view: each with its name, its expression over the mart and the tables of
    names, and the join (an entry of `names`) that this needs.
#}
{% macro shown_columns(columns, there) -%}
    {%- set shown, names = [], {} -%}
    {%- for ids, told in var('names').items()
        if told.by | reject('in', columns) | list == [] -%}
        {%- do names.update({ids: told}) -%}
    {%- endfor -%}
    {%- for column in columns -%}
        {%- set of_mart = 'mart.' ~ adapter.quote(column) -%}
        {%- set its = [] -%}
        {%- for ids, told in names.items() if told.name == column -%}
            {%- do its.append('mart.' ~ adapter.quote(ids)) -%}
        {%- endfor -%}
        {%- do shown.append({
            'name': column,
            'expression': told_name(its[0], of_mart) if its else of_mart,
        }) -%}
        {%- set told = names.get(column, {}) -%}
        {#- Without its system, or before it is built, there is no table of names or an old one. -#}
        {%- set of = there.get('core.' ~ told.of, []) -%}
        {%- if told and told.name not in columns
            and ([told.name] + told.by) | reject('in', of) | list == [] -%}
            {%- do shown.append({
                'name': told.name,
                'expression': told_name(of_mart, 'of_' ~ column ~ '.' ~ told.name),
                'join': {'ids': column, 'of': told.of, 'by': told.by},
                'description': described_column(told.of, told.name),
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(shown) }}
{%- endmacro %}

{% macro reporting_view(mart, shown) -%}
    {%- set query -%}
    select
        {% for column in shown -%}
        {{ column.expression }} as {{ adapter.quote(column.name) }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ placed('marts', mart) }} as mart
    {% for column in shown if column.join -%}
    left join {{ placed('core', column.join.of) }} as of_{{ column.join.ids }}
        on {% for by in column.join.by -%}
        {{ ' and ' if not loop.first }}mart.{{ by }} = of_{{ column.join.ids }}.{{ by }}
        {%- endfor %}
    {% endfor -%}
    {{ rows_of_reader(mart, 'tenant_key' in shown | map(attribute='name')) }}
    {%- endset -%}
    {{ view_with_descriptions(mart, shown, query) }}
{%- endmacro %}

{#
    The columns of marts, tables of names and views as they are: 'schema.table' → names. What
    somebody made in `reporting` that is no view is in schema `taken`, and what builds have noted
    as a view of theirs in schema `made`, without columns.
    With `mart`, of that one and its view alone, with tables of names.
#}
{% macro columns_there(mart=none) -%}
    {%- set tables_of_names = var('names').values() | map(attribute='of') | list -%}
    {#- A name may hold a comma. -#}
    {%- set asked, found, tab = [], {}, '\t' -%}
    {%- for schema, names in [
        ('core', tables_of_names), ('marts', [mart]), ('reporting', [mart])
    ] -%}
        {%- set relation = api.Relation.create(
            target.database, generate_schema_name(schema, none)
        ) -%}
        {%- if has_schema(relation) -%}
            {%- set sql -%}
            select
                {% if schema == 'reporting' -%}
                case
                    when table_name in (
                        select table_name
                        from {{ tables_of_all(relation) }}
                        where table_schema = '{{ relation.schema }}' and table_type = 'VIEW'
                    ) then 'reporting'
                    else 'taken'
                end as layer,
                {%- else -%}
                '{{ schema }}' as layer,
                {%- endif %}
                cast(table_name as {{ dbt.type_string() }}) as table_name,
                string_agg(
                    cast(column_name as {{ dbt.type_string() }}), '{{ tab }}'
                    order by ordinal_position
                ) as column_names
            from {{ columns_of_all(relation) }}
            where
                table_schema = '{{ relation.schema }}'
                {% if names[0] -%}
                and table_name in ('{{ names | join("', '") }}')
                {%- endif %}
            group by table_name
            {%- endset -%}
            {%- do asked.append(sql) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if mart is none -%}
        {%- set sql -%}
            select
                'made' as layer,
                relation_name as table_name,
                '' as column_names
            from {{ builds() }}
            where relation_schema = 'reporting'
        {%- endset -%}
        {%- do asked.append(sql) -%}
    {%- endif -%}
    {%- if asked -%}
        {%- for row in run_query(asked | join('\nunion all\n')).rows
            if not row[1].endswith(('__dbt_tmp', '__dbt_backup')) -%}
            {%- do found.update({row[0] ~ '.' ~ row[1]: row[2].split(tab)}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{% macro reporting_relation(name) -%}
    {{ return(api.Relation.create(
        target.database, generate_schema_name('reporting', none), name
    )) }}
{%- endmacro %}

{# A relation as views name it: DuckDB's are copied into another file, so without the file's. #}
{% macro placed(schema, name) -%}
    {%- set relation = api.Relation.create(
        target.database, generate_schema_name(schema, none), name
    ) -%}
    {{ return(relation.include(database=target.type != 'duckdb')) }}
{%- endmacro %}
