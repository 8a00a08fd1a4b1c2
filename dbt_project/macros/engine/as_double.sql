{# A 64-bit floating point number: for statistics, never for money. #}
{% macro as_double(expression) -%}
    {{ return(adapter.dispatch('as_double')(expression)) }}
{%- endmacro %}

{% macro duckdb__as_double(expression) -%}
    cast({{ expression }} as double)
{%- endmacro %}

{% macro postgres__as_double(expression) -%}
    cast({{ expression }} as double precision)
{%- endmacro %}

{% macro bigquery__as_double(expression) -%}
    cast({{ expression }} as float64)
{%- endmacro %}
