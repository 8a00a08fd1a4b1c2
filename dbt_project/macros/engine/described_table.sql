{# What is said of the running model or seed, on its table, which was just made. #}
{% macro described_table() -%}
    {{ return(adapter.dispatch('described_table')()) }}
{%- endmacro %}

{% macro duckdb__described_table() -%}
{%- endmacro %}

{# A column that is not there would be an error: only a contract tells that all are. #}
{% macro postgres__described_table() -%}
    {%- set is_sure = model.resource_type == 'seed' or model.config.contract.enforced -%}
    {%- set type = 'view' if model.config.materialized == 'view' else 'table' -%}
    {{ comments(this, type, {
        'text': model.description, 'columns': texts_of(model) if is_sure else {}
    }) }}
{%- endmacro %}

{# By the API: each column's by a statement would be more changes than a table is let have. #}
{% macro bigquery__described_table() -%}
    {%- do adapter.update_columns(this, model.columns) -%}
    {%- do adapter.update_table_description(
        this.database, this.schema, this.identifier, on_one_line(model.description)
    ) -%}
{%- endmacro %}
