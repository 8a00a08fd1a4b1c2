{# Exact whole microseconds from one instant to another; negative when reversed. #}
{% macro microseconds_between(start_at, end_at) -%}
    {{ return(adapter.dispatch('microseconds_between')(start_at, end_at)) }}
{%- endmacro %}

{% macro duckdb__microseconds_between(start_at, end_at) -%}
    date_diff('microsecond', {{ start_at }}, {{ end_at }})
{%- endmacro %}

{# Of an interval's parts even version 13, which extracts doubles, gives each exactly. #}
{% macro postgres__microseconds_between(start_at, end_at) -%}
    {%- set span = '(' ~ end_at ~ ' - ' ~ start_at ~ ')' -%}
    (
        cast(extract(day from {{ span }}) as bigint) * 86400000000
        + cast(extract(hour from {{ span }}) as bigint) * 3600000000
        + cast(extract(minute from {{ span }}) as bigint) * 60000000
        + cast(extract(microseconds from {{ span }}) as bigint)
    )
{%- endmacro %}

{% macro bigquery__microseconds_between(start_at, end_at) -%}
    timestamp_diff({{ end_at }}, {{ start_at }}, microsecond)
{%- endmacro %}
