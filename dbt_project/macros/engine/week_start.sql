{# The Monday of a date's ISO week. #}
{% macro week_start(date) -%}
    {{ return(adapter.dispatch('week_start')(date)) }}
{%- endmacro %}

{% macro default__week_start(date) -%}
    cast(date_trunc('week', {{ date }}) as date)
{%- endmacro %}

{% macro bigquery__week_start(date) -%}
    date_sub({{ date }}, interval {{ iso_weekday(date) }} - 1 day)
{%- endmacro %}
