{# A text as a JSON string, with quotes and escapes; null stays null. #}
{% macro json_quoted(expression) -%}
    {{ return(adapter.dispatch('json_quoted')(expression)) }}
{%- endmacro %}

{% macro duckdb__json_quoted(expression) -%}
    cast(to_json({{ expression }}) as {{ dbt.type_string() }})
{%- endmacro %}

{% macro postgres__json_quoted(expression) -%}
    {{ engine_schema() }}.json_quoted({{ identifier(expression) }})
{%- endmacro %}

{# To it a null is a JSON null. #}
{% macro bigquery__json_quoted(expression) -%}
    case when {{ expression }} is not null then to_json_string({{ expression }}) end
{%- endmacro %}
