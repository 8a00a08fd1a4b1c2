{#
    How the running model's table is laid out: rows are found by `keys`, the first of which
    incremental builds replace, and where `month_of` names a date, by that. A configuration,
    so it stands at the top of a model.
#}
{% macro clustered_by(keys, month_of=none) -%}
    {{ return(adapter.dispatch('clustered_by')([keys] if keys is string else keys, month_of)) }}
{%- endmacro %}

{# Its blocks of rows know their least and greatest values, and rows come in their order. #}
{% macro duckdb__clustered_by(keys, month_of) -%}
{%- endmacro %}

{% macro postgres__clustered_by(keys, month_of) -%}
    {%- set indexes = [] -%}
    {%- for key in keys -%}
        {%- do indexes.append({'columns': [key]}) -%}
    {%- endfor -%}
    {%- if month_of -%}
        {%- do indexes.append({'columns': [month_of]}) -%}
    {%- endif -%}
    {{ config(indexes=indexes) }}
{%- endmacro %}

{# Months, not days: a partition is read at 10 MB's price at least, and there may be 10,000. #}
{% macro bigquery__clustered_by(keys, month_of) -%}
    {{ config(cluster_by=keys) }}
    {%- if month_of -%}
        {{ config(
            partition_by={'field': month_of, 'data_type': 'date', 'granularity': 'month'}
        ) }}
    {%- endif -%}
{%- endmacro %}

{#
    For on the end of a condition: 'and <column> is one of these values', which the condition
    says already. `values` is a query of one column. Only BigQuery is told, which leaves out
    partitions and blocks by what is written in a statement, not by what a subquery gives.
#}
{% macro and_one_of(column, values) -%}
    {{ return(adapter.dispatch('and_one_of')(column, values)) }}
{%- endmacro %}

{% macro default__and_one_of(column, values) -%}
{%- endmacro %}

{# A statement has 1 MB at most: of more values than fit into a third of it, none is said. #}
{% macro bigquery__and_one_of(column, values) -%}
    {%- set most = 5000 -%}
    {%- set found = run_query(
        'select distinct * from (' ~ values ~ ') limit ' ~ (most + 1)
    ).columns[0].values() -%}
    {%- if found | length <= most -%}
        {%- set literals = [] -%}
        {%- for value in found if value is not none -%}
            {%- do literals.append(bigquery_literal(value)) -%}
        {%- endfor -%}
        and {{ column }} in ({{ literals | join(', ') or 'null' }})
    {%- endif -%}
{%- endmacro %}

{% macro bigquery_literal(value) -%}
    {%- if value is string -%}
        '{{ bigquery_escaped(value) }}'
    {%- elif value is number -%}
        {{ value }}
    {%- else -%}
        date '{{ value }}'
    {%- endif -%}
{%- endmacro %}

{# A text as the inside of a literal. #}
{% macro bigquery_escaped(text) -%}
    {{ dbt.escape_single_quotes(text | replace('\\', '\\\\')) }}
{%- endmacro %}

{# For after each model: what the planner knows of a table that was just made or changed. #}
{% macro refreshed_statistics() -%}
    {{ return(adapter.dispatch('refreshed_statistics')()) }}
{%- endmacro %}

{% macro default__refreshed_statistics() -%}
{%- endmacro %}

{# The server would find out by itself, within a minute: too late for the next model. #}
{% macro postgres__refreshed_statistics() -%}
    {%- if model.config.materialized != 'view' -%}analyze {{ this }}{%- endif -%}
{%- endmacro %}
