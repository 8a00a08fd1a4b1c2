{#
    Descriptions of tables and columns where BI tools look: comments on the server.

    For after each model and seed of core and marts: of a table that was just made, never of
    one in which rows were replaced. DuckDB's warehouse is read by no BI tool; the copy of it
    is given the same descriptions (orchestration/described.py).
#}
{% macro described() -%}
    {%- if execute and model.config.schema in ('core', 'marts') and not is_incremental() -%}
        {{ return(described_table()) }}
    {%- endif -%}
{%- endmacro %}

{# One script with all comments of a table or view. #}
{% macro comments(relation, type, described) %}
    comment on {{ type }} {{ relation }} is '{{ quotable(described.text) }}';
    {%- for column, text in described.columns.items() %}
    comment on column {{ relation }}.{{ adapter.quote(column) }} is '{{ quotable(text) }}';
    {%- endfor %}
{%- endmacro %}

{% macro texts_of(node) -%}
    {%- set texts = {} -%}
    {%- for column in node.columns.values() if column.description -%}
        {%- do texts.update({column.name: column.description}) -%}
    {%- endfor -%}
    {{ return(texts) }}
{%- endmacro %}

{# What is said of a view in `reporting`: what its mart says, and the tables of names. #}
{% macro described_view(mart, shown) -%}
    {%- set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ mart, {'columns': {}}) -%}
    {%- set texts, of_mart = {}, texts_of(node) -%}
    {%- for column in shown -%}
        {%- set text = column.description or of_mart.get(column.name) -%}
        {%- if text -%}{%- do texts.update({column.name: on_one_line(text)}) -%}{%- endif -%}
    {%- endfor -%}
    {{ return({'text': on_one_line(node.description or ''), 'columns': texts}) }}
{%- endmacro %}

{% macro described_column(name, column) -%}
    {%- set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ name, {'columns': {}}) -%}
    {{ return(texts_of(node).get(column, '')) }}
{%- endmacro %}

{% macro on_one_line(text) -%}
    {{ return(text.split() | join(' ')) }}
{%- endmacro %}

{% macro quotable(text) -%}
    {{ return(dbt.escape_single_quotes(on_one_line(text))) }}
{%- endmacro %}
