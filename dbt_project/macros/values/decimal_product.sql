{#
    The product of two numbers as numeric(38,9).

    Engines disagree on the scale of a product and on the type of a literal: both sides
    are cast first, the result last. Exact while the true product has 9 decimals or less.
#}
{% macro decimal_product(left, right) -%}
    cast(
        cast({{ left }} as numeric(38, 9)) * cast({{ right }} as numeric(38, 9))
        as numeric(38, 9)
    )
{%- endmacro %}
