{# Exact whole microseconds from one instant to another; negative when reversed. #}
{% macro microseconds_between(start_at, end_at) -%}
    {{ return(adapter.dispatch('microseconds_between')(start_at, end_at)) }}
{%- endmacro %}

{% macro duckdb__microseconds_between(start_at, end_at) -%}
    date_diff('microsecond', {{ start_at }}, {{ end_at }})
{%- endmacro %}
