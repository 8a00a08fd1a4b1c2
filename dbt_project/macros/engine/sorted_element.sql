{#
    An aggregate: of a column's n sorted values the one at place
    floor(percent * (n - 1) / 100) + offset, counted from 0; null when there is none.
#}
{% macro sorted_element(column, percent, offset) -%}
    {{ return(adapter.dispatch('sorted_element')(column, percent, offset)) }}
{%- endmacro %}

{% macro duckdb__sorted_element(column, percent, offset) -%}
    list_extract(
        list_sort(list({{ column }}) filter (where {{ column }} is not null)),
        {{ percent }} * (count({{ column }}) - 1) // 100 + {{ offset + 1 }}
    )
{%- endmacro %}

{% macro postgres__sorted_element(column, percent, offset) -%}
    (
        array_agg({{ column }} order by {{ column }})
        filter (where {{ column }} is not null)
    )[cast(
        {{ percent }} * (count({{ column }}) - 1) / 100 + {{ offset + 1 }} as integer
    )]
{%- endmacro %}

{% macro bigquery__sorted_element(column, percent, offset) -%}
    array_agg({{ column }} ignore nulls order by {{ column }})[
        safe_offset(div({{ percent }} * (count({{ column }}) - 1), 100) + {{ offset }})
    ]
{%- endmacro %}
