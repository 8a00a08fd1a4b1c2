{# Whole cents as an exact decimal of the currency's major unit. #}
{% macro amount_from_cents(expression) -%}
    {{ decimal_product(expression, '0.01') }}
{%- endmacro %}
