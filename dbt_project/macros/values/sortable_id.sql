{#
    An identifier as text that sorts as people count: '9' before '10'.

    All-digit ids are left-padded to 20 places, others stay; compared byte by byte.
#}
{% macro sortable_id(expression) -%}
    {%- set padded -%}
        case
            when
                translate({{ expression }}, '0123456789', '') = ''
                and length({{ expression }}) <= 20
                then lpad({{ expression }}, 20, '0')
            else {{ expression }}
        end
    {%- endset -%}
    {{ bytewise(padded) }}
{%- endmacro %}
