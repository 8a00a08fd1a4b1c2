{#
    PostgreSQL: a table goes after the views that read it, each of which went by itself.

    Who asks a view locks it first and what it reads afterwards; `drop table ... cascade` locks in
    the other order, and each would wait for the other until PostgreSQL ends one of them. So views
    go from the outermost inwards, and none is held while another one is waited for.
#}
{% macro postgres__drop_table(relation) -%}
    {#- Others go within a transaction, and nothing reads them. -#}
    {%- if execute and relation.identifier.endswith('__dbt_backup') -%}
        {%- do drop_readers(relation) -%}
    {%- endif -%}
    drop table if exists {{ relation }} cascade
{%- endmacro %}

{# Drops what no model makes any more, and what reads it. #}
{% macro default__drop_with_readers(relation) -%}
    {%- do adapter.drop_relation(relation) -%}
{%- endmacro %}

{% macro postgres__drop_with_readers(relation) -%}
    {%- do drop_readers(relation) -%}
    {%- do run_query('drop ' ~ relation.type ~ ' if exists ' ~ relation ~ ' cascade; commit') -%}
{%- endmacro %}

{% macro drop_readers(relation) -%}
    {%- set readers -%}
    with recursive
    read (place, depth) as (
        select cast(to_regclass('{{ dbt.escape_single_quotes(relation | string) }}') as oid), 0
        union
        select rule.ev_class, read.depth + 1
        from read
        inner join pg_depend as dependency
            on read.place = dependency.refobjid
            and dependency.refclassid = 'pg_class'::regclass
            and dependency.classid = 'pg_rewrite'::regclass
        inner join pg_rewrite as rule on dependency.objid = rule.oid
        where rule.ev_class <> read.place
    )

    select
        quote_ident(nspname) || '.' || quote_ident(relname) as reader,
        case relkind when 'm' then 'materialized view' else 'view' end as kind
    from read
    inner join pg_class on read.place = pg_class.oid
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    where read.depth > 0
    group by nspname, relname, relkind
    order by max(read.depth) desc
    {%- endset -%}
    {%- for reader, kind in run_query(readers).rows -%}
        {%- do run_query('drop ' ~ kind ~ ' if exists ' ~ reader ~ ' cascade; commit') -%}
    {%- endfor -%}
{%- endmacro %}
