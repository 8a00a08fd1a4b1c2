{#
    What the wall clock of a time zone shows at an instant, as whole microseconds since it
    showed Monday 1 January of the year 1, 00:00: weeks begin at multiples of a week. Where
    clocks are put back, it shows the same twice.
#}
{% macro local_microseconds(instant, timezone) -%}
    {{ return(adapter.dispatch('local_microseconds')(instant, timezone)) }}
{%- endmacro %}

{% macro default__local_microseconds(instant, timezone) -%}
    {{ microseconds_between(
        "cast('0001-01-01' as timestamp)", 'timezone(' ~ timezone ~ ', ' ~ instant ~ ')'
    ) }}
{%- endmacro %}

{% macro bigquery__local_microseconds(instant, timezone) -%}
    datetime_diff(
        datetime({{ instant }}, {{ timezone }}), datetime '0001-01-01', microsecond
    )
{%- endmacro %}

{# The instant at which a date begins in UTC. #}
{% macro utc_midnight(date) -%}
    {{ return(adapter.dispatch('utc_midnight')(date)) }}
{%- endmacro %}

{% macro default__utc_midnight(date) -%}
    timezone('UTC', cast({{ date }} as timestamp))
{%- endmacro %}

{% macro bigquery__utc_midnight(date) -%}
    timestamp({{ date }})
{%- endmacro %}

{# The instant so many whole seconds after another. #}
{% macro seconds_after(instant, seconds) -%}
    {{ return(adapter.dispatch('seconds_after')(instant, seconds)) }}
{%- endmacro %}

{% macro default__seconds_after(instant, seconds) -%}
    ({{ instant }} + ({{ seconds }}) * interval '1 second')
{%- endmacro %}

{% macro bigquery__seconds_after(instant, seconds) -%}
    timestamp_add({{ instant }}, interval ({{ seconds }}) second)
{%- endmacro %}
