{#
    Text without what is not seen at its ends: white space (Unicode's White_Space), control
    characters (Cc), zero width spaces (U+200B) and byte order marks (U+FEFF).
#}
{% macro trimmed(expression) -%}
    {{ return(adapter.dispatch('trimmed')(expression)) }}
{%- endmacro %}

{# By a regular expression: its trim takes twenty times as long for a list of characters. #}
{% macro duckdb__trimmed(expression) -%}
    {{ regexp_replaced(expression, unseen_at_ends(), '') }}
{%- endmacro %}

{% macro bigquery__trimmed(expression) -%}
    {{ regexp_replaced(expression, unseen_at_ends(), '') }}
{%- endmacro %}

{# Its regular expressions know no categories. #}
{% macro postgres__trimmed(expression) -%}
    {{ engine_schema() }}.trimmed({{ expression }})
{%- endmacro %}

{# In RE2: white space is all separators (Z) and some of the control characters. #}
{% macro unseen_at_ends() -%}
    {%- set unseen -%}
    [\p{Z}\p{Cc}\x{200B}\x{FEFF}]+
    {%- endset -%}
    ^{{ unseen }}|{{ unseen }}$
{%- endmacro %}

{# Text in lower case, letters of every script, whatever the database's locale. #}
{% macro lower_case(expression) -%}
    {{ return(adapter.dispatch('lower_case')(expression)) }}
{%- endmacro %}

{% macro default__lower_case(expression) -%}
    lower({{ expression }})
{%- endmacro %}

{% macro postgres__lower_case(expression) -%}
    {{ engine_schema() }}.lower_case({{ expression }})
{%- endmacro %}

{# Its own makes two characters of one, and another sigma at a word's end. #}
{% macro bigquery__lower_case(expression) -%}
    lower(translate({{ expression }}, 'İΣ', 'iσ'))
{%- endmacro %}

{# Text in upper case, letters of every script, whatever the database's locale. #}
{% macro upper_case(expression) -%}
    {{ return(adapter.dispatch('upper_case')(expression)) }}
{%- endmacro %}

{% macro default__upper_case(expression) -%}
    upper({{ expression }})
{%- endmacro %}

{% macro postgres__upper_case(expression) -%}
    {{ engine_schema() }}.upper_case({{ expression }})
{%- endmacro %}

{# Its own makes SS of ß, and two letters of a ligature, which are left at that. #}
{% macro bigquery__upper_case(expression) -%}
    upper(translate({{ expression }}, 'ß', 'ẞ'))
{%- endmacro %}
