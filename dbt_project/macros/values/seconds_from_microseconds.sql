{# Exact decimal seconds: a multiplication, because a division is a float on some engines. #}
{% macro seconds_from_microseconds(expression) -%}
    {{ decimal_product(expression, '0.000001') }}
{%- endmacro %}
