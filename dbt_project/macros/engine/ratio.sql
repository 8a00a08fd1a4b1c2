{#
    numerator / denominator as numeric(38,9), rounded half away from zero to 9 decimals;
    null when the denominator is 0 or either side is null. Never a float.
#}
{% macro ratio(numerator, denominator) -%}
    {{ return(adapter.dispatch('ratio')(numerator, denominator)) }}
{%- endmacro %}

{# DuckDB divides decimals as doubles: long division on whole billionths instead. #}
{% macro duckdb__ratio(numerator, denominator) -%}
    {%- set above = billionths(numerator) -%}
    {%- set below = billionths(denominator) -%}
    case
        when {{ denominator }} <> 0
            then cast(
                sign({{ numerator }}) * sign({{ denominator }})
                * cast(
                    (2 * 1000000000 * abs({{ above }}) + abs({{ below }}))
                    // (2 * abs({{ below }}))
                    as numeric(38, 0)
                ) * 0.000000001
                as numeric(38, 9)
            )
    end
{%- endmacro %}

{% macro billionths(expression) -%}
    cast(cast({{ expression }} as numeric(38, 9)) * 1000000000 as hugeint)
{%- endmacro %}

{# PostgreSQL's `/` rounds once before a cast to 9 decimals would round again. #}
{% macro postgres__ratio(numerator, denominator) -%}
    {%- set above = 'cast(' ~ numerator ~ ' as numeric(38, 9))' -%}
    {%- set below = 'cast(' ~ denominator ~ ' as numeric(38, 9))' -%}
    case
        when {{ denominator }} <> 0
            then cast(
                sign({{ above }}) * sign({{ below }}) * div(
                    2000000000 * abs({{ above }}) + abs({{ below }}),
                    2 * abs({{ below }})
                ) * 0.000000001
                as numeric(38, 9)
            )
    end
{%- endmacro %}

{# Its numerics divide exactly and round half away from zero to 9 decimals. #}
{% macro bigquery__ratio(numerator, denominator) -%}
    safe_divide(cast({{ numerator }} as numeric), cast({{ denominator }} as numeric))
{%- endmacro %}
