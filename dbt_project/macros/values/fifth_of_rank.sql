{#
    In which fifth, 1 (lowest) to 5, the row of a given rank of so many rows is: 1 more than
    five times the share of rows below it, rounded down. Rows of equal rank share a fifth.
#}
{% macro fifth_of_rank(rank, row_count) -%}
    cast(
        case
            {% for fifth in [5, 4, 3, 2] -%}
            when 5 * ({{ rank }} - 1) >= {{ fifth - 1 }} * {{ row_count }} then {{ fifth }}
            {% endfor -%}
            else 1
        end as bigint
    )
{%- endmacro %}
