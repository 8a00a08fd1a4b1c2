{#
    For the end of a query whose columns are referred to more than once: each is computed once
    for a row. PostgreSQL would put the expression in the place of every reference.
#}
{% macro evaluated_once() -%}
    {{ return(adapter.dispatch('evaluated_once')()) }}
{%- endmacro %}

{% macro default__evaluated_once() -%}
{%- endmacro %}

{# It merges no query into another that may skip rows of it. #}
{% macro postgres__evaluated_once() -%}
    offset 0
{%- endmacro %}
