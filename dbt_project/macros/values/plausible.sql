{#
    What is plausible: instants of the days from first_plausible_date to last_plausible_date,
    amounts of money below 10^15, counts below 10^12. Applications write year 1 or 9999 for
    "none", and one such value would make a row of every day until then, or overflow a sum.
    What is not is null in facts, and counted (`is_implausible_*`, never null themselves).
#}

{# An instant, null where it is not plausible. #}
{% macro plausible_instant(expression) -%}
    case when {{ is_plausible_instant(expression) }} then {{ expression }} end
{%- endmacro %}

{% macro is_implausible_instant(expression) -%}
    coalesce(not ({{ is_plausible_instant(expression) }}), false)
{%- endmacro %}

{% macro is_plausible_instant(expression) -%}
    {%- set last = modules.datetime.date.fromisoformat(var('last_plausible_date')) -%}
    {%- set end = last + modules.datetime.timedelta(days=1) -%}
    {{ expression }} >= {{ timestamp_literal(var('first_plausible_date') ~ ' 00:00:00+00:00') }}
    and {{ expression }} < {{ timestamp_literal(end.isoformat() ~ ' 00:00:00+00:00') }}
{%- endmacro %}

{# An amount of money in major units, as numeric(38,9). #}
{% macro plausible_amount(expression) -%}
    case
        when abs({{ expression }}) < {{ implausible_amount() }}
            then cast({{ expression }} as numeric(38, 9))
    end
{%- endmacro %}

{% macro is_implausible_amount(expression) -%}
    coalesce(abs({{ expression }}) >= {{ implausible_amount() }}, false)
{%- endmacro %}

{% macro implausible_amount() -%}
    1000000000000000
{%- endmacro %}

{# How many of something: tokens, items, a quantity. #}
{% macro plausible_count(expression) -%}
    case when {{ is_plausible_count(expression) }} then {{ expression }} end
{%- endmacro %}

{% macro is_implausible_count(expression) -%}
    coalesce(not ({{ is_plausible_count(expression) }}), false)
{%- endmacro %}

{% macro is_plausible_count(expression) -%}
    {{ expression }} >= 0 and {{ expression }} < 1000000000000
{%- endmacro %}

{#
    The product of a plausible count or amount and another, as a plausible amount. The exact
    product overflows on some engines before it can be compared: a floating point one says
    first whether it is near.
#}
{% macro plausible_product(left, right) -%}
    case
        when {{ is_computable_product(left, right) }}
            then {{ plausible_amount(decimal_product(left, right)) }}
    end
{%- endmacro %}

{% macro is_implausible_product(left, right) -%}
    coalesce(
        case
            when {{ is_computable_product(left, right) }}
                then {{ is_implausible_amount(decimal_product(left, right)) }}
            when {{ left }} is not null and {{ right }} is not null then true
        end,
        false
    )
{%- endmacro %}

{% macro is_computable_product(left, right) -%}
    abs({{ as_double(left) }}) * abs({{ as_double(right) }}) < 2 * {{ implausible_amount() }}
{%- endmacro %}
