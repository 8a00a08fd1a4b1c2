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
    is no digit; 00 at its beginning is +, and so is one 0 with the country code of the source,
    else of its kind (variable default_country_codes). What is none of that is clean text. `of`
    is the shown id of the row.
#}
{% macro clean_phone(expression, kind, of) -%}
    {%- set digits = regexp_replaced(
        regexp_replaced(clean_code(expression), '^(whatsapp|tel):', ''), '[^0-9+]', ''
    ) -%}
    {%- set national = regexp_replaced(digits, '[+]', '') -%}
    {%- set codes = var('default_country_codes') -%}
    {%- set names = sources_of(kind) -%}
    {%- set number -%}
        case
            when {{ digits }} like '+%' then '+' || {{ national }}
            when {{ digits }} like '00%' then '+' || substr({{ national }}, 3)
            {% for name in names if codes.get(name, codes.get(kind)) -%}
            when
                {{ digits }} like '0%'
                {%- if names | length > 1 %}
                and {{ source_of(kind, of) }} = '{{ name }}'
                {%- endif %}
                then '+{{ codes.get(name, codes.get(kind)) }}' || substr({{ national }}, 2)
            {% endfor -%}
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
