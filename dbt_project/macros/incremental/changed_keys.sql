{# The versions of a kind's raw table that the last complete build has not seen. #}
{% macro new_versions(system, table) -%}
    {{- waits_for('int_' ~ system ~ '__build') -}}
    {{ raw_rows(system, table, 'new') }}
{%- endmacro %}

{# All versions, older ones too, of the keys that those have. #}
{% macro touched_versions(system, table) -%}
    {{- waits_for('int_' ~ system ~ '__build') -}}
    {{ raw_rows(system, table, 'touched') }}
{%- endmacro %}

{#
    The body of a model of changed keys: every key of the query `changed`, once for each
    tenant and day on which facts count it until they are replaced, or with nulls.

    `counted` are [fact, its column of dates], or [fact, its column of dates, another column of
    it], which is noted too: the customer where the keys are not those of customers, or what is
    to be compared with what it is after this build. What an unfinished build noted is kept: by
    now its facts may be replaced.
#}
{% macro with_days_before(changed, key, counted) -%}
    {%- set last = last_built_batch() if execute else 0 -%}
    {%- set earlier = load_relation(this) if execute and last -%}
    {%- set nothing = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
    {%- set noted = counted | map(attribute=2) | select('defined') | unique | list -%}
    with

    -- A version that says that a row was deleted has no other value than its key.
    changed as (
        select {{ key }}
        from (
            {{ changed }}
        ) as versions
        where {{ key }} is not null
    ),

    days as (
        {% if earlier -%}
        select
            {{ key }},
            {% for column in noted -%}
            {{ column }},
            {% endfor -%}
            tenant_key,
            date_day
        from {{ earlier }}
        where from_batch_seq = {{ last }}
        union distinct
        {% endif -%}
        {% for fact in counted -%}
        {%- set relation = load_relation(relation_of(fact[0])) if execute and last -%}
        {%- if relation -%}
        select
            {{ key }},
            {% for column in noted -%}
            {{ column if fact[2] == column else nothing }} as {{ column }},
            {% endfor -%}
            tenant_key,
            {{ fact[1] }} as date_day
        from {{ relation }}
        where {{ key }} in (select changed.{{ key }} from changed)
        union distinct
        {% endif -%}
        {% endfor -%}
        select
            {{ key }},
            {% for column in noted -%}
            {{ nothing }} as {{ column }},
            {% endfor -%}
            {{ nothing }} as tenant_key,
            cast(null as date) as date_day
        from changed
    )

    select
        {{ key }},
        {% for column in noted -%}
        {{ column }},
        {% endfor -%}
        tenant_key,
        date_day,
        cast({{ last }} as bigint) as from_batch_seq
    from days
{%- endmacro %}

{#
    The same for a fact of which one row is one of a source's table, with its id as key. Written
    for facts that declare how they are counted by `python -m marts write`.
#}
{% macro changed_rows(system, table, key, counted) -%}
    {%- set changed -%}
    select {{ identifier('new_versions.id') }} as {{ key }}
    from {{ new_versions(system, table) }} as new_versions
    {%- endset -%}
    {{ with_days_before(changed, key, counted) }}
{%- endmacro %}

{# In an incremental build, a condition: only rows of changed keys. #}
{% macro where_changed(changed, key) -%}
    {{- waits_for(changed) -}}
    {%- if replaces_changes() -%}
    {%- set changed = relation_of(changed) -%}
    where
        {{ key }} in (select changed.{{ key }} from {{ changed }} as changed)
        {{ and_one_of(key, 'select ' ~ key ~ ' from ' ~ changed) }}
    {%- endif -%}
{%- endmacro %}
