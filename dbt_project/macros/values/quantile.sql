{#
    The continuous quantile (percentile_cont) of a decimal column, exact to 9 decimals.

    percent is a whole number, 90 for p90. Interpolates between order statistics in decimal
    arithmetic, because percentile_cont works in floating point on two engines and is no
    aggregate on the third. Nulls are left out; no value gives null.
#}
{% macro quantile(column, percent) -%}
    {{ return(adapter.dispatch('quantile')(column, percent)) }}
{%- endmacro %}

{# A function (duckdb_quantile): its text is long. #}
{% macro duckdb__quantile(column, percent) -%}
    {{ engine_schema() }}.quantile({{ column }}, {{ percent }})
{%- endmacro %}

{% macro duckdb_quantile() -%}
    create or replace macro {{ engine_schema() }}.quantile(measured, percent) as
    {{ default__quantile('measured', 'percent') }};
{%- endmacro %}

{% macro default__quantile(column, percent) -%}
    {%- set below -%}
        {{ sorted_element(column, percent, 0) }}
    {%- endset -%}
    {%- set above -%}
        {{ sorted_element(column, percent, 1) }}
    {%- endset -%}
    {%- set hundredths -%}
        mod({{ percent }} * (count({{ column }}) - 1), 100)
    {%- endset -%}
    cast(
        {{ below }}
        + case
            when {{ hundredths }} > 0
                then {{ decimal_product(
                    above ~ ' - ' ~ below, decimal_product(hundredths, '0.01')
                ) }}
            else 0
        end
        as numeric(38, 9)
    )
{%- endmacro %}
