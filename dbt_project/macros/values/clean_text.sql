{# Text without white space and control characters at both ends; empty becomes null. #}
{% macro clean_text(expression) -%}
    nullif({{ trimmed(identifier(expression)) }}, '')
{%- endmacro %}

{# A code (status, type): clean text in lower case. #}
{% macro clean_code(expression) -%}
    {{ lower_case(clean_text(expression)) }}
{%- endmacro %}

{# A currency's code: clean text in upper case. #}
{% macro clean_currency(expression) -%}
    {{ upper_case(clean_text(expression)) }}
{%- endmacro %}

{# A required identifier as text, whatever type the source has; kept as it is. #}
{% macro identifier(expression) -%}
    cast({{ expression }} as {{ dbt.type_string() }})
{%- endmacro %}

{# An identifier that may be missing; empty becomes null. #}
{% macro optional_identifier(expression) -%}
    {%- set kind = running_kind() -%}
    {%- if has_plain_ids(kind) -%}
    nullif({{ identifier(expression) }}, '')
    {%- else -%}
    case
        when {{ natural_identifier(kind, identifier(expression)) }} <> ''
            then {{ identifier(expression) }}
    end
    {%- endif -%}
{%- endmacro %}
