{#
    Whole minor units (cents) as an exact decimal of the currency's major unit, null where
    that is no plausible amount. `minor_units` is the seed currencies' number of decimals; 2
    where the currency is not known.
#}
{% macro amount_from_minor_units(expression, minor_units) -%}
    {{ plausible_amount(major_units(expression, minor_units)) }}
{%- endmacro %}

{% macro is_implausible_in_minor_units(expression, minor_units) -%}
    {{ is_implausible_amount(major_units(expression, minor_units)) }}
{%- endmacro %}

{% macro major_units(expression, minor_units) -%}
    case coalesce({{ minor_units }}, 2)
        {% for decimals, unit in [(0, '1'), (1, '0.1'), (3, '0.001'), (4, '0.0001')] -%}
        when {{ decimals }} then {{ decimal_product(expression, unit) }}
        {% endfor -%}
        else {{ decimal_product(expression, '0.01') }}
    end
{%- endmacro %}
