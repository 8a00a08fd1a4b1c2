{#
    What an event's JSON says of something, as clean text: under the first of the keys that
    the variable payload_keys lists for it that holds anything. Null where none does, and where
    the text is no JSON object.
#}
{% macro payload_text(name, expression='data') -%}
    {%- set told = [] -%}
    {%- for key in var('payload_keys').get(name) or [] -%}
        {%- do told.append(clean_text(json_scalar(expression, key))) -%}
    {%- endfor -%}
    {%- if told | length > 1 -%}
    coalesce(
        {{ told | join(',\n        ') }}
    )
    {%- else -%}
    {{ told | first if told else 'cast(null as ' ~ dbt.type_string() ~ ')' }}
    {%- endif -%}
{%- endmacro %}

{# The same of a code: in lower case. #}
{% macro payload_code(name, expression='data') -%}
    {{ lower_case(payload_text(name, expression)) }}
{%- endmacro %}
