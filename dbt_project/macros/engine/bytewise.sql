{# Text that compares byte by byte, whatever the database's collation. #}
{% macro bytewise(expression) -%}
    {{ return(adapter.dispatch('bytewise')(expression)) }}
{%- endmacro %}

{% macro default__bytewise(expression) -%}
    {{ expression }}
{%- endmacro %}

{% macro postgres__bytewise(expression) -%}
    ({{ expression }}) collate "C"
{%- endmacro %}
