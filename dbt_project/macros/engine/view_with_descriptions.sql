{# A view in `reporting` with what is said of it and its columns, where the engine tells BI tools. #}
{% macro view_with_descriptions(mart, shown, query) -%}
    {{ adapter.dispatch('view_with_descriptions')(mart, shown, query) }}
{%- endmacro %}

{% macro default__view_with_descriptions(mart, shown, query) %}
    create or replace view {{ reporting_relation(mart) }} as
    {{ query }};
{%- endmacro %}

{# One that has other columns can't be replaced. #}
{% macro postgres__view_with_descriptions(mart, shown, query) %}
    drop view if exists {{ reporting_relation(mart) }} cascade;
    create view {{ reporting_relation(mart) }} as
    {{ query }};
    {{ isolation_of(reporting_relation(mart), false) }};
    {{ comments(reporting_relation(mart), 'view', described_view(mart, shown)) }}
{%- endmacro %}

{% macro bigquery__view_with_descriptions(mart, shown, query) %}
    {%- set described = described_view(mart, shown) %}
    create or replace view {{ reporting_relation(mart) }} (
        {% for column in shown -%}
        {{ adapter.quote(column.name) }} options(
            description='{{ bigquery_escaped(described.columns.get(column.name, '')) }}'
        ){{ ',' if not loop.last }}
        {% endfor %}
    )
    options(description='{{ bigquery_escaped(described.text) }}')
    as {{ query }};
{%- endmacro %}
