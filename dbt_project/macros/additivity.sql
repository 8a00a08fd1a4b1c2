{#
    How the columns of marts add up over time, read from `meta` in their YAML.

    additivity is sum (days add up), last (the period's last day), distinct, quantile (both
    recomputed from facts) or ratio (numerator / denominator, two columns of the mart).
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

{# Measures of marts, as model.column, that do not declare it or declare it wrongly. #}
{% macro columns_without_additivity() -%}
    {%- set known = ['sum', 'last', 'distinct', 'quantile', 'ratio'] -%}
    {%- set names = [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.fqn[1] == 'marts' -%}
        {%- for column in node.columns.values()
            if column.data_type == 'bigint' or column.data_type.startswith('numeric') -%}
            {%- set meta = column.config.meta -%}
            {%- set has_parts = meta.numerator in node.columns
                and meta.denominator in node.columns -%}
            {%- if meta.additivity not in known
                or (meta.additivity == 'ratio' and not has_parts) -%}
                {%- do names.append(node.name ~ '.' ~ column.name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
