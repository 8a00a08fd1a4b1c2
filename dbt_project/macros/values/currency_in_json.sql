{#
    The code of a currency that a field of an event's JSON names, as json_text gives it:
    an object is read by its own `code`, else its `currency_code`; without either it stays
    as it is, which is no code that anybody knows.
#}
{% macro currency_in_json(field) -%}
    case
        when starts_with({{ field }}, '{')
            then coalesce(
                {{ clean_text(json_text(field, 'code')) }},
                {{ clean_text(json_text(field, 'currency_code')) }},
                {{ field }}
            )
        else {{ field }}
    end
{%- endmacro %}
