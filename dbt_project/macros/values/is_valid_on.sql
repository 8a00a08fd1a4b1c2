{# Whether a row with valid_from and valid_to holds on a date: half-open, null is open. #}
{% macro is_valid_on(relation, date) -%}
    {{ date }} >= coalesce({{ relation }}.valid_from, cast('0001-01-01' as date))
    and {{ date }} < coalesce({{ relation }}.valid_to, cast('9999-12-31' as date))
{%- endmacro %}
