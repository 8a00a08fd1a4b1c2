{#
    For after each model: the views that went with the table that was there before. Only
    PostgreSQL drops what reads a table with it; elsewhere a view outlives it.
#}
{% macro views_that_went() -%}
    {{ return(adapter.dispatch('views_that_went')()) }}
{%- endmacro %}

{% macro default__views_that_went() -%}
{%- endmacro %}

{#
    After the table's transaction, in one of its own: two models that end at once would wait for
    each other's tables. The second of them sees what the first one made.
#}
{% macro postgres__views_that_went() -%}
    {%- set are_names = model.name in (var('names').values() | map(attribute='of')) -%}
    {%- set is_mart = model.config.schema == 'marts' and not is_incremental() -%}
    {%- if execute and (are_names or is_mart) -%}
        {%- do run_query('begin; ' ~ lock_of_views()) -%}
        {{ due_views(columns_there(none if are_names else this.identifier)) }}
        commit
    {%- endif -%}
{%- endmacro %}

{# Of builds at the same time, only one makes views. #}
{% macro lock_of_views() -%}
    select pg_advisory_xact_lock(hashtext('crm-warehouse reporting'))
{%- endmacro %}

{# Ends a view's statement. #}
{% macro view_is_made() -%}
    {{ return(adapter.dispatch('view_is_made')()) }}
{%- endmacro %}

{% macro default__view_is_made() -%}
{%- endmacro %}

{# None is held while another one is waited for: see drop_order.sql. #}
{% macro postgres__view_is_made() -%}
    {{ return('commit; begin; ' ~ lock_of_views() ~ ';') }}
{%- endmacro %}
