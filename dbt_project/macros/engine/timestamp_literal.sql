{# An instant from ISO 8601 text. #}
{% macro timestamp_literal(text) -%}
    {{ return(adapter.dispatch('timestamp_literal')(text)) }}
{%- endmacro %}

{% macro default__timestamp_literal(text) -%}
    cast('{{ text }}' as timestamptz)
{%- endmacro %}

{% macro bigquery__timestamp_literal(text) -%}
    cast('{{ text }}' as timestamp)
{%- endmacro %}
