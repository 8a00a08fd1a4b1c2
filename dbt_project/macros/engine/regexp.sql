{# Text with every match of a regular expression (of what all engines know) replaced. #}
{% macro regexp_replaced(expression, pattern, replacement) -%}
    {{ return(adapter.dispatch('regexp_replaced')(expression, pattern, replacement)) }}
{%- endmacro %}

{% macro default__regexp_replaced(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro bigquery__regexp_replaced(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, r'{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{# Whether a regular expression matches somewhere in a text. #}
{% macro regexp_matched(expression, pattern) -%}
    {{ return(adapter.dispatch('regexp_matched')(expression, pattern)) }}
{%- endmacro %}

{% macro duckdb__regexp_matched(expression, pattern) -%}
    regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__regexp_matched(expression, pattern) -%}
    {{ expression }} ~ '{{ pattern }}'
{%- endmacro %}

{% macro bigquery__regexp_matched(expression, pattern) -%}
    regexp_contains({{ expression }}, r'{{ pattern }}')
{%- endmacro %}
