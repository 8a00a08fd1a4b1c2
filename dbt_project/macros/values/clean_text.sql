{# Text without surrounding blanks; empty becomes null. #}
{% macro clean_text(expression) -%}
    nullif({{ trimmed(identifier(expression)) }}, '')
{%- endmacro %}

{# A code (status, type): clean text in lower case. #}
{% macro clean_code(expression) -%}
    {{ lower_case(clean_text(expression)) }}
{%- endmacro %}

{# A required identifier as text, whatever type the source has; kept as it is. #}
{% macro identifier(expression) -%}
    cast({{ expression }} as {{ dbt.type_string() }})
{%- endmacro %}

{# An identifier that may be missing; empty becomes null. #}
{% macro optional_identifier(expression) -%}
    nullif({{ identifier(expression) }}, '')
{%- endmacro %}
