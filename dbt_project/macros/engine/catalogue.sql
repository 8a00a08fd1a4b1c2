{# Whether a schema is there. #}
{% macro has_schema(relation) -%}
    {{ return(adapter.dispatch('has_schema')(relation)) }}
{%- endmacro %}

{% macro default__has_schema(relation) -%}
    {{ return(adapter.check_schema_exists(relation.database, relation.schema)) }}
{%- endmacro %}

{# Without a query; and the emulator says of every dataset that it is there. #}
{% macro bigquery__has_schema(relation) -%}
    {{ return(relation.schema in schema_names()) }}
{%- endmacro %}

{# The names of all schemas. Not `schemas`: so dbt calls what it gives to on-run-end. #}
{% macro schema_names() -%}
    {{ return(adapter.dispatch('schema_names')()) }}
{%- endmacro %}

{% macro default__schema_names() -%}
    {{ return(list_schemas(target.database).columns[0].values()) }}
{%- endmacro %}

{% macro bigquery__schema_names() -%}
    {{ return(adapter.list_schemas(target.database)) }}
{%- endmacro %}

{# Where an engine tells the columns of a schema's tables. #}
{% macro columns_of_all(schema) -%}
    {{ return(adapter.dispatch('columns_of_all')(schema)) }}
{%- endmacro %}

{% macro default__columns_of_all(schema) -%}
    information_schema.columns
{%- endmacro %}

{% macro bigquery__columns_of_all(schema) -%}
    {{ schema.information_schema('COLUMNS') }}
{%- endmacro %}

{# Where an engine tells of a schema's tables what they are. #}
{% macro tables_of_all(schema) -%}
    {{ return(adapter.dispatch('tables_of_all')(schema)) }}
{%- endmacro %}

{% macro default__tables_of_all(schema) -%}
    information_schema.tables
{%- endmacro %}

{% macro bigquery__tables_of_all(schema) -%}
    {{ schema.information_schema('TABLES') }}
{%- endmacro %}
