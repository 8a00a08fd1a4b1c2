{# The calendar date of an instant in an IANA time zone. #}
{% macro local_date(instant, timezone) -%}
    {{ return(adapter.dispatch('local_date')(instant, timezone)) }}
{%- endmacro %}

{% macro duckdb__local_date(instant, timezone) -%}
    cast(timezone({{ timezone }}, {{ instant }}) as date)
{%- endmacro %}

{% macro postgres__local_date(instant, timezone) -%}
    cast(timezone({{ timezone }}, {{ instant }}) as date)
{%- endmacro %}

{% macro bigquery__local_date(instant, timezone) -%}
    date({{ instant }}, {{ timezone }})
{%- endmacro %}
