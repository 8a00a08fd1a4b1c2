{#
    The last common table expressions of int_<system>__tenants, `final` included: those of the
    expression `tenants` of the model, with their local day as of this build and as of the last
    complete one. A day that has come since is one of the changed periods; facts and customers
    that tell what is so by now have its keys among the changed ones (passed_days.sql).
    Incremental models ask for nothing else of the clock.
#}
{% macro local_days_of_tenants(system) -%}
    {{- waits_for('int_' ~ system ~ '__build') -}}
    {%- set built = load_relation(relation_of('int_' ~ system ~ '__built'))
        if execute and this is not none and last_built_batch() -%}
built as (
    {% if built -%}
    select max(as_of) as as_of
    from {{ built }}
    {%- else -%}
    select case when false then {{ as_of() }} end as as_of
    {%- endif %}
),

final as (
    select
        tenants.*,
        {{ local_date(as_of(), 'tenants.timezone') }} as local_date,
        {{ local_date('built.as_of', 'tenants.timezone') }} as previous_local_date
    from tenants
    cross join built
)
{%- endmacro %}

{# The model of tenants of the running model's system, which is its folder's name. #}
{% macro tenants_of_system() -%}
    {{ return('int_' ~ model.fqn[2] ~ '__tenants') }}
{%- endmacro %}
