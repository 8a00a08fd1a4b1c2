{# Text without the blanks around it: spaces of any width, but no tabs or line ends. #}
{% macro trimmed(expression) -%}
    {{ return(adapter.dispatch('trimmed')(expression)) }}
{%- endmacro %}

{% macro duckdb__trimmed(expression) -%}
    trim({{ expression }})
{%- endmacro %}

{# Its own trim knows the ASCII space only: these are Unicode's separators (Zs). #}
{% macro postgres__trimmed(expression) -%}
    btrim(
        {{ expression }},
        U&' \00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\202F\205F\3000'
    )
{%- endmacro %}

{# Its own trim takes tabs and line ends too. The blanks are Jinja's text, hence real. #}
{% macro bigquery__trimmed(expression) -%}
    {%- set narrow = '\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F' -%}
    trim({{ expression }}, '{{ ' \u00A0\u1680' ~ narrow ~ '\u3000' }}')
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
