{# The currency of amounts for which the source names none, as a text literal. #}
{% macro default_currency() -%}
    '{{ var("default_currency_code") }}'
{%- endmacro %}
