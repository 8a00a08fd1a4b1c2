{#
    How the columns of marts add up over time, read from `meta` in their YAML.

    additivity is sum (days add up), max (the largest of the days), last (the period's last
    day), distinct, quantile (both recomputed from facts) or ratio (numerator / denominator,
    two columns of the mart).
#}

{# The names of a model's columns with the given additivity. #}
{% macro columns_with_additivity(model_name, additivity) -%}
    {%- set names = [] -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ model_name] -%}
    {%- for column in node.columns.values()
        if column.config.meta.additivity == additivity -%}
        {%- do names.append(column.name) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
