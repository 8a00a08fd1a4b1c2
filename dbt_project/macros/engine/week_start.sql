{# The Monday of a date's ISO week. #}
{% macro week_start(date) -%}
    {{ return(adapter.dispatch('week_start')(date)) }}
{%- endmacro %}

{% macro default__week_start(date) -%}
    cast(date_trunc('week', {{ date }}) as date)
{%- endmacro %}
