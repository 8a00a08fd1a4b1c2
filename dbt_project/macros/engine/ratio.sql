{#
    numerator / denominator as numeric(38,9), rounded half away from zero to 9 decimals;
    null when the denominator is 0 or either side is null. Never a float.
#}
{% macro ratio(numerator, denominator) -%}
    {{ return(adapter.dispatch('ratio')(numerator, denominator)) }}
{%- endmacro %}

{# A function (duckdb_ratio): its text is long, and marts divide much. #}
{% macro duckdb__ratio(numerator, denominator) -%}
    {{ engine_schema() }}.ratio({{ numerator }}, {{ denominator }})
{%- endmacro %}

{#
    DuckDB divides decimals as doubles: long division on whole billionths instead. Numbers of
    128 bits take it ten times as long as those of 64, which hold what most marts divide: less
    than a billion, by a whole number.
#}
{% macro duckdb_ratio() -%}
    {%- set above = billionths('numerator') -%}
    {%- set below = billionths('denominator') -%}
    {%- set divisor = 'abs(cast(denominator as bigint))' -%}
    create or replace macro {{ engine_schema() }}.ratio(numerator, denominator) as
    case
        when
            denominator <> 0
            and numerator > -999999999
            and numerator < 999999999
            and try_cast(denominator as integer) = denominator
            then cast(
                sign(numerator) * sign(denominator)
                * cast(
                    (2 * {{ few_billionths('abs(numerator)') }} + {{ divisor }})
                    // (2 * {{ divisor }})
                    as numeric(18, 0)
                ) * 0.000000001
                as numeric(38, 9)
            )
        when denominator <> 0
            then cast(
                sign(numerator) * sign(denominator)
                * cast(
                    (2 * 1000000000 * abs({{ above }}) + abs({{ below }}))
                    // (2 * abs({{ below }}))
                    as numeric(38, 0)
                ) * 0.000000001
                as numeric(38, 9)
            )
    end;
{%- endmacro %}

{% macro billionths(expression) -%}
    cast(cast({{ expression }} as numeric(38, 9)) * 1000000000 as hugeint)
{%- endmacro %}

{# The same of what is less than a billion. #}
{% macro few_billionths(expression) -%}
    {%- set number = 'cast(' ~ expression ~ ' as numeric(18, 9))' -%}
    (
        1000000000 * cast(trunc({{ number }}) as bigint)
        + cast(
            cast({{ number }} - trunc({{ number }}) as numeric(18, 9)) * 1000000000
            as bigint
        )
    )
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
