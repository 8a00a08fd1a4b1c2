{# ISO 8601 year, week (1-53) and weekday (Monday 1, Sunday 7) of a date, as bigint. #}
{% macro iso_year(date) -%}
    {{ return(adapter.dispatch('iso_year')(date)) }}
{%- endmacro %}

{% macro default__iso_year(date) -%}
    cast(extract(isoyear from {{ date }}) as bigint)
{%- endmacro %}

{% macro iso_week(date) -%}
    {{ return(adapter.dispatch('iso_week')(date)) }}
{%- endmacro %}

{% macro default__iso_week(date) -%}
    cast(extract(week from {{ date }}) as bigint)
{%- endmacro %}

{% macro iso_weekday(date) -%}
    {{ return(adapter.dispatch('iso_weekday')(date)) }}
{%- endmacro %}

{% macro default__iso_weekday(date) -%}
    cast(extract(isodow from {{ date }}) as bigint)
{%- endmacro %}

{# Its `week` begins on Sunday, as its `dayofweek` does. #}
{% macro bigquery__iso_week(date) -%}
    extract(isoweek from {{ date }})
{%- endmacro %}

{% macro bigquery__iso_weekday(date) -%}
    mod(extract(dayofweek from {{ date }}) + 5, 7) + 1
{%- endmacro %}
