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

{#
    A phone number: + and 7 to 15 digits. `whatsapp:` and `tel:` before it go, with all that
    is no digit; 00 at its beginning is +, and so is one 0 with the source's country code
    (variable default_country_codes). What is none of that is clean text.
#}
{% macro clean_phone(expression, source_system) -%}
    {%- set digits = regexp_replaced(
        regexp_replaced(clean_code(expression), '^(whatsapp|tel):', ''), '[^0-9+]', ''
    ) -%}
    {%- set national = regexp_replaced(digits, '[+]', '') -%}
    {%- set country = var('default_country_codes').get(source_system) -%}
    {%- set number -%}
        case
            when {{ digits }} like '+%' then '+' || {{ national }}
            when {{ digits }} like '00%' then '+' || substr({{ national }}, 3)
            {% if country -%}
            when {{ digits }} like '0%' then '+{{ country }}' || substr({{ national }}, 2)
            {% endif -%}
            else {{ national }}
        end
    {%- endset -%}
    case
        when {{ regexp_matched(number, '^[+][0-9]{7,15}$') }} then {{ number }}
        else {{ clean_text(expression) }}
    end
{%- endmacro %}

{# A required identifier as text, whatever type the source has; kept as it is. #}
{% macro identifier(expression) -%}
    cast({{ expression }} as {{ dbt.type_string() }})
{%- endmacro %}

{# An identifier that may be missing; empty becomes null. #}
{% macro optional_identifier(expression) -%}
    nullif({{ identifier(expression) }}, '')
{%- endmacro %}
