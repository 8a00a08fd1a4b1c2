{#
    A personal column of raw as models may show it: what is no pseudonym becomes null. Raw of
    an earlier version, or one that is told to keep the column clear, has the value itself.
#}
{% macro pseudonym(expression) -%}
    case
        when {{ regexp_matched(identifier(expression), '^[0-9a-f]{64}$') }}
            then {{ expression }}
    end
{%- endmacro %}
