{#
    How DuckDB is given tables and views. Its DDL is transactional: one request makes a
    relation aside (a model may read its own former rows), drops the old one and takes its
    name, and a build that fails keeps the one there was.

    Overrides dbt-duckdb's materializations, which do it in a dozen requests and ask up to six
    times for columns in between: of a small model's time that was two thirds. What no model
    here has is left out: Python, indexes, foreign keys, grants, comments.
#}
{% materialization table, adapter='duckdb' %}
    {{ made_anew('table') }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ made_anew('view') }}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}

{% materialization incremental, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='table') -%}
    {% if is_incremental() -%}
        {%- set changed = make_temp_relation(relation) -%}
        {%- set header = config.get('sql_header') -%}
        {%- do run_query((header or '') ~ 'create temporary table ' ~ changed ~ ' as (' ~ compiled_code ~ ')') -%}
        {%- set columns = adapter.get_columns_in_relation(changed) -%}
        {%- do keep_contract(columns, compiled_code) -%}
        {%- set held = adapter.get_columns_in_relation(relation) -%}
        {%- if columns | sort(attribute='name') != held | sort(attribute='name') -%}
            {%- set columns = process_schema_changes(
                config.get('on_schema_change'), changed, relation
            ) or held -%}
        {%- endif -%}
        {%- set strategy = adapter.get_incremental_strategy_macro(
            context, config.get('incremental_strategy') or 'default'
        ) -%}
        {% call statement('main') -%}
            {{ strategy({
                'target_relation': relation,
                'temp_relation': changed,
                'unique_key': config.get('unique_key'),
                'dest_columns': columns,
                'incremental_predicates': config.get('incremental_predicates'),
            }) }}
        {%- endcall %}
        {{ run_hooks(post_hooks) }}
        {% do adapter.commit() %}
    {%- else -%}
        {{ made_anew('table') }}
    {%- endif %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% macro made_anew(type) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set made = make_intermediate_relation(this.incorporate(type=type)) -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        {{ get_create_view_as_sql(made, compiled_code) if type == 'view'
            else create_table_as(False, made, compiled_code) }}
        {% if existing -%}
        drop {{ existing.type }} {{ existing }};
        {% endif -%}
        alter {{ type }} {{ made }} rename to {{ adapter.quote(this.identifier) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
{%- endmacro %}

{#
    What a contract is checked by: a query is planned once to learn its columns, and types that the
    project declares are known by the names that DuckDB tells them by. Where that shows a
    difference, or a type is another, dbt's own check decides, which plans the query and one of
    nulls, and formats each column of both.
#}
{% macro duckdb__get_assert_columns_equivalent(sql) -%}
    {%- set columns = get_column_schema_from_query(sql, config.get('sql_header')) -%}
    {%- do keep_contract(columns, sql) -%}
{%- endmacro %}

{% macro keep_contract(columns, sql) -%}
    {%- if config.get('contract').enforced and not are_as_declared(columns) -%}
        {%- do assert_columns_equivalent(sql) -%}
    {%- endif -%}
{%- endmacro %}

{% macro are_as_declared(columns) -%}
    {%- set told = {
        'bigint': 'BIGINT',
        'boolean': 'BOOLEAN',
        'date': 'DATE',
        'numeric(38,9)': 'DECIMAL(38,9)',
        'text': 'VARCHAR',
        'timestamptz': 'TIMESTAMP WITH TIME ZONE',
    } -%}
    {%- set made, declared = {}, {} -%}
    {%- for column in columns -%}
        {%- do made.update({column.name: column.dtype}) -%}
    {%- endfor -%}
    {%- for column in model.columns.values() -%}
        {%- do declared.update({column.name: told.get(column.data_type)}) -%}
    {%- endfor -%}
    {{ return(made == declared and columns | length == declared | length) }}
{%- endmacro %}
