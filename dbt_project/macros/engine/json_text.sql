{#
    A field of a JSON object held as text, as text. Null where the field is missing, where
    the text is no JSON, and where it is JSON but no object. `path` is dotted: 'a.b'.

    Of a key that occurs twice the first counts. Trailing commas, NaN and Infinity are let
    pass. Numbers show their shortest digits, objects and arrays no blanks.
#}
{% macro json_text(expression, path) -%}
    {{ return(adapter.dispatch('json_text')(expression, path)) }}
{%- endmacro %}

{% macro duckdb__json_text(expression, path) -%}
    json_extract_string(try_cast({{ expression }} as json), '$.{{ path }}')
{%- endmacro %}

{% macro postgres__json_text(expression, path) -%}
    {{ engine_schema() }}.json_text(
        {{ expression }}, array['{{ path.split('.') | join("', '") }}']
    )
{%- endmacro %}

{#
    It sorts an object's keys, keeps the first of equal ones, and shows numbers of more than 15
    digits, or with exponents, in its own way.
#}
{% macro bigquery__json_text(expression, path) -%}
    {%- set document = bigquery_json_document(expression) -%}
    {%- set found = 'json_query(' ~ document ~ ", '$." ~ path ~ "')" -%}
    case
        when json_type({{ found }}) in ('object', 'array') then to_json_string({{ found }})
        else json_value({{ document }}, '$.{{ path }}')
    end
{%- endmacro %}

{#
    The same where the field is a text, a number or a boolean; null where it is an object or an
    array, which engines show in ways of their own. Steps of `path` may be any keys.
#}
{% macro json_scalar(expression, path) -%}
    {{ return(adapter.dispatch('json_scalar')(expression, path)) }}
{%- endmacro %}

{% macro duckdb__json_scalar(expression, path) -%}
    {%- set arguments = 'try_cast(' ~ expression ~ " as json), '" ~ quoted_json_path(path) ~ "'" -%}
    case
        when json_type({{ arguments }}) not in ('OBJECT', 'ARRAY')
            then json_extract_string({{ arguments }})
    end
{%- endmacro %}

{% macro postgres__json_scalar(expression, path) -%}
    {{ engine_schema() }}.json_scalar(
        {{ expression }}, array['{{ path.split('.') | join("', '") }}']
    )
{%- endmacro %}

{% macro bigquery__json_scalar(expression, path) -%}
    json_value({{ bigquery_json_document(expression) }}, '{{ quoted_json_path(path) }}')
{%- endmacro %}

{% macro quoted_json_path(path) -%}
    $."{{ path.split('.') | join('"."') }}"
{%- endmacro %}

{#
    A text as BigQuery's JSON; null where it is none. Its parser wants strict JSON and rounds
    long numbers: what the other engines let pass is mended before, outside of strings.

    One replacement keeps strings (and commas where no element is, which nobody lets pass),
    keeps ordinary fractions, drops the last comma before a bracket, and puts between
    U+0001 what becomes text: NaN, Infinity, integers of 19 digits or more and numbers that
    no double holds. So does it with a byte order mark, which nobody but BigQuery lets pass.
#}
{% macro bigquery_json_document(expression) -%}
    {%- set parts = [
        '("(?:[^"\\\\]|\\\\.)*"|[\\[{,]\\s*,)',
        '(^\\x{FEFF}|-?(?i:nan|inf(?:inity)?)'
        ~ '|-?[0-9.]+[eE]\\+?(?:30[89]|3[1-9][0-9]|[4-9][0-9]{2}|[0-9]{4,}))',
        '(-?[0-9]+[.eE][-+.0-9eE]*)',
        '(-?[0-9]{19,})',
        ',(\\s*[}\\]])',
    ] -%}
    safe.parse_json(
        replace(
            replace(
                regexp_replace(
                    {{ expression }},
                    r'{{ parts | join("|") }}',
                    '\\1\\3' || chr(1) || '\\2\\4' || chr(1) || '\\5'
                ),
                chr(1) || chr(1), ''
            ),
            chr(1), '"'
        ),
        wide_number_mode => 'round'
    )
{%- endmacro %}

{# Whether a JSON text is given but is not a JSON object. Never null. #}
{% macro is_invalid_json_object(expression) -%}
    {{ return(adapter.dispatch('is_invalid_json_object')(expression)) }}
{%- endmacro %}

{% macro duckdb__is_invalid_json_object(expression) -%}
    (
        {{ clean_text(expression) }} is not null
        and coalesce(json_type(try_cast({{ expression }} as json)), '')
        not in ('OBJECT', 'NULL')
    )
{%- endmacro %}

{% macro postgres__is_invalid_json_object(expression) -%}
    (
        {{ clean_text(expression) }} is not null
        and coalesce(
            json_typeof({{ engine_schema() }}.json_document({{ expression }})), ''
        ) not in ('object', 'null')
    )
{%- endmacro %}

{% macro bigquery__is_invalid_json_object(expression) -%}
    (
        {{ clean_text(expression) }} is not null
        and coalesce(
            json_type({{ bigquery_json_document(expression) }}), ''
        ) not in ('object', 'null')
    )
{%- endmacro %}
