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

{# Of objects it sorts the keys. #}
{% macro bigquery__json_text(expression, path) -%}
    {%- set document = 'safe.parse_json(' ~ expression ~ ", wide_number_mode => 'round')" -%}
    {%- set found = 'json_query(' ~ document ~ ", '$." ~ path ~ "')" -%}
    case
        when json_type({{ found }}) in ('object', 'array') then to_json_string({{ found }})
        else json_value({{ document }}, '$.{{ path }}')
    end
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
            json_type(safe.parse_json({{ expression }}, wide_number_mode => 'round')), ''
        ) not in ('object', 'null')
    )
{%- endmacro %}
