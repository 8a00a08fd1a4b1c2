{# An amount that is not negative as text with two decimals: engines show others as they like. #}
{% macro amount_text(expression) -%}
    {%- set whole = 'cast(floor(' ~ expression ~ ') as bigint)' -%}
    {%- set hundredths = 'cast(floor(' ~ expression ~ ' * 100) as bigint)' -%}
    cast({{ whole }} as {{ dbt.type_string() }})
    || '.'
    || lpad(
        cast({{ hundredths }} - 100 * {{ whole }} as {{ dbt.type_string() }}), 2, '0'
    )
{%- endmacro %}
