{#
    An identifier as text that sorts as people count: '9' before '10', whatever source it is of.

    All-digit ids are left-padded to 20 places, others stay; compared byte by byte.
#}
{% macro sortable_id(expression) -%}
    {%- set natural = natural_identifier(running_kind(), expression) -%}
    {%- set padded -%}
        case
            when
                translate({{ natural }}, '0123456789', '') = ''
                and length({{ natural }}) <= 20
                then lpad({{ natural }}, 20, '0')
            else {{ natural }}
        end
    {%- endset -%}
    {{ bytewise(padded) }}
{%- endmacro %}
