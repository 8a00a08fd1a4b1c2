{#
    Schemas are exactly staging, intermediate, core, marts, reporting: no target prefix. BigQuery's
    datasets are of a whole project, so there the warehouse's own prefix goes before.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ return(adapter.dispatch('generate_schema_name')(custom_schema_name)) }}
{%- endmacro %}

{% macro default__generate_schema_name(custom_schema_name) -%}
    {{ return(custom_schema_name or target.schema) }}
{%- endmacro %}

{% macro bigquery__generate_schema_name(custom_schema_name) -%}
    {{ return(target.schema ~ '_' ~ custom_schema_name if custom_schema_name else target.schema) }}
{%- endmacro %}
