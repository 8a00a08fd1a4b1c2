{#
    Time within business hours. A tenant's hours are rows of its week (see
    int_whatsapp__business_hours): what lies between two readings of its wall clock is the sum,
    over the rows, of how much of each had passed at the later one less at the earlier one.
#}

{# A time of day, 'H:MM' or 'HH:MM' up to 24:00, as minutes since midnight; else null. #}
{% macro minute_of_day(expression) -%}
    {%- set text = "lpad(" ~ clean_text(expression) ~ ", 5, '0')" -%}
    {%- set hour = whole_number_from_text("substr(" ~ text ~ ", 1, 2)") -%}
    {%- set minute = whole_number_from_text("substr(" ~ text ~ ", 4, 2)") -%}
    case
        when
            length({{ clean_text(expression) }}) in (4, 5)
            and substr({{ text }}, 3, 1) = ':'
            and {{ minute }} < 60
            and {{ hour }} * 60 + {{ minute }} <= 1440
            then {{ hour }} * 60 + {{ minute }}
    end
{%- endmacro %}

{#
    How many microseconds of a part of the week had passed in all weeks until the wall clock
    showed `local_microseconds`. The part is [starts, ends), in minutes since Monday 00:00.
#}
{% macro microseconds_of_weeks(local_microseconds, starts, ends) -%}
    {%- set week = 7 * 24 * 60 * 60 * 1000000 -%}
    {%- set minute = 60 * 1000000 -%}
    (
        {{ whole_quotient(local_microseconds, week) }}
        * ({{ ends }} - {{ starts }}) * {{ minute }}
        + least(
            greatest(
                mod({{ local_microseconds }}, {{ week }}) - {{ starts }} * {{ minute }}, 0
            ),
            ({{ ends }} - {{ starts }}) * {{ minute }}
        )
    )
{%- endmacro %}

{# How far the wall clock of a time zone is ahead of UTC at an instant, in microseconds. #}
{% macro clock_offset(instant, timezone) -%}
    {{ local_microseconds(instant, timezone) }} - {{ local_microseconds(instant, "'UTC'") }}
{%- endmacro %}
