{#
    The columns of a relation, as dbt's own macro finds them; a numeric without precision is
    one of the models' decimals: PostgreSQL forgets precisions at every `case` without
    `else`. Unit tests cast what they expect to these types.
#}
{% macro postgres__get_columns_in_relation(relation) -%}
    {%- set columns = [] -%}
    {%- for column in dbt.postgres__get_columns_in_relation(relation) -%}
        {%- if column.dtype == 'numeric' and column.numeric_precision is none -%}
            {%- do columns.append(api.Column(column.name, 'numeric', none, 38, 9)) -%}
        {%- else -%}
            {%- do columns.append(column) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
