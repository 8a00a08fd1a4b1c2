{#
    Who reads what of core, marts and reporting, where the engine knows who asks.

    A tenant's rows are read by the roles that the table core.tenant_access has beside its key.
    Of tables without a tenant those are open that the variable `public_tables` names. What
    nobody told of is closed.

    PostgreSQL: by row-level security. Whoever has a right on the schema may select from a table
    whose rows are chosen, and from no other. BigQuery: by the views in reporting, authorised in
    the other datasets, on which tenants have no right.
#}

{# For on-run-start. Tables and views that an earlier version made are seen to here. #}
{% macro prepare_isolation() -%}
    {{ return(adapter.dispatch('prepare_isolation')()) }}
{%- endmacro %}

{% macro default__prepare_isolation() -%}
{%- endmacro %}

{# Condition of a view in reporting on its mart's rows. #}
{% macro rows_of_reader(mart, has_tenant) -%}
    {{ return(adapter.dispatch('rows_of_reader')(mart, has_tenant)) }}
{%- endmacro %}

{# PostgreSQL's are those of the tables, and the copy's are of its reader. #}
{% macro default__rows_of_reader(mart, has_tenant) -%}
{%- endmacro %}

{# For after each model and seed of core and marts: nobody sees a table before its policies. #}
{% macro isolated() -%}
    {{ return(adapter.dispatch('isolated')()) }}
{%- endmacro %}

{% macro default__isolated() -%}
{%- endmacro %}

{% macro postgres__isolated() -%}
    {%- if execute and model.config.schema in ('core', 'marts') and not is_incremental() -%}
        {{ isolation_of(this, this.identifier in var('public_tables')) }}
    {%- endif -%}
{%- endmacro %}

{# A statement for the transaction that makes a relation. #}
{% macro isolation_of(relation, is_public) -%}
    select {{ engine_schema() }}.isolate(
        '{{ dbt.escape_single_quotes(relation.include(database=false) | string) }}',
        {{ is_public }}
    )
{%- endmacro %}

{% macro prepare_core() -%}
    {%- set core = api.Relation.create(target.database, generate_schema_name('core', none)) -%}
    {%- if not has_schema(core) -%}
        {%- do adapter.create_schema(core) -%}
    {%- endif -%}
{%- endmacro %}

{#
    With a first row by which all who may read the dataset read all tenants, as before: the
    owner of the project puts others in its place (docs/warehouses.md). Views of before, which
    ask nobody, are made anew at the build's end.
#}
{% macro bigquery__prepare_isolation() -%}
    {%- if execute -%}
        {%- do prepare_core() -%}
        {%- if load_relation(tenant_access()) is none -%}
            {%- set marts = api.Relation.create(
                target.database, generate_schema_name('marts', none)
            ).without_identifier() -%}
            {%- set names = adapter.list_relations_without_caching(marts)
                | map(attribute='identifier') | list -%}
            {%- for view in adapter.list_relations_without_caching(
                reporting_relation('').without_identifier()
            ) if view.is_view and view.identifier in names -%}
                {%- do run_query('drop view if exists ' ~ view) -%}
            {%- endfor -%}
            {{ bigquery_tenant_access() }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro bigquery_tenant_access() -%}
    create table if not exists {{ tenant_access() }}
    options(description='Which role reads which tenant in reporting; * stands for all.')
    as select '*' as role, '*' as tenant_key
{%- endmacro %}

{% macro bigquery__rows_of_reader(mart, has_tenant) -%}
    {%- if mart not in var('public_tables') -%}
    where
        exists (
            select 1
            from {{ tenant_access() }} as access
            where access.role in (session_user(), '*') and access.tenant_key = '*'
        )
        {% if has_tenant -%}
        or mart.tenant_key in (
            select access.tenant_key
            from {{ tenant_access() }} as access
            where access.role in (session_user(), '*')
        )
        {%- endif %}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__prepare_isolation() -%}
    {%- if execute -%}{%- do prepare_core() -%}{%- endif -%}
    select pg_advisory_xact_lock(hashtext('crm-warehouse isolation'));
    {{ postgres_isolate() }}
    {{ postgres_tenant_access() }}
    select {{ engine_schema() }}.isolate(pg_class.oid, relname in (
        '{{ var("public_tables") | join("', '") }}'
    ))
    from pg_class
    inner join pg_namespace on relnamespace = pg_namespace.oid
    where
        nspname in (
            '{{ generate_schema_name("core", none) }}',
            '{{ generate_schema_name("marts", none) }}',
            '{{ generate_schema_name("reporting", none) }}'
        )
        and relkind in ('r', 'v')
        and relname <> 'tenant_access'
        and pg_has_role(relowner, 'usage')
{%- endmacro %}

{#
    Both policies ask who the user is, not as whom a table is read: through a view that reads with
    its owner's rights nobody sees more. Where subqueries have no column of the table, they are
    answered once a query.
#}
{% macro postgres_isolate() -%}
    {%- set access = tenant_access().include(database=false) -%}
    create or replace function {{ engine_schema() }}.isolate(place regclass, is_public boolean)
    returns void language plpgsql as $body$
    declare
        it pg_class;
        is_shown boolean := is_public;
    begin
        select * into it from pg_class where oid = place;
        if
            it.relkind = 'v'
            and it.relnamespace = to_regnamespace('{{ generate_schema_name("reporting", none) }}')
        then
            -- What it reads is open or not; the setting is there from version 15 on.
            is_shown := true;
            if current_setting('server_version_num')::integer >= 150000
                and not coalesce('security_invoker=true' = any(it.reloptions), false)
            then
                execute format('alter view %s set (security_invoker = true)', place);
            end if;
        elsif it.relkind = 'r' and exists (
            select from pg_attribute
            where attrelid = place and attname = 'tenant_key' and not attisdropped
        ) then
            is_shown := true;
            if not it.relforcerowsecurity then
                perform {{ engine_schema() }}.guard(place, it.relowner::regrole);
                execute format(
                    $policy$
                    create policy readers on %s for select using (
                        exists (
                            select from {{ access }} as access
                            where access.tenant_key = '*'
                        )
                        or cast(tenant_key as text) = any(array(
                            select access.tenant_key from {{ access }} as access
                        ))
                    )
                    $policy$,
                    place
                );
            end if;
        end if;
        if is_shown <> has_table_privilege('public', place, 'select') then
            execute format(
                case when is_shown then 'grant select on %s to public'
                    else 'revoke select on %s from public' end,
                place
            );
        end if;
    end;
    $body$;
    create or replace function {{ engine_schema() }}.guard(place regclass, builder regrole)
    returns void language plpgsql as $body$
    begin
        execute format(
            'alter table %s enable row level security, force row level security', place
        );
        -- By its number: a role may get another name.
        execute format(
            'create policy builder on %s to %s
            using ((select pg_has_role(cast(%s as oid), ''usage'')))',
            place, builder, builder::oid
        );
    end;
    $body$;
{%- endmacro %}

{% macro tenant_access() -%}
    {{ return(api.Relation.create(
        target.database, generate_schema_name('core', none), 'tenant_access'
    )) }}
{%- endmacro %}

{#
    No model: builds must not touch it. Whoever reads all that builds make, when it is made, goes
    on to: `*` stands for all tenants. A role sees its own rows of it.
#}
{% macro postgres_tenant_access() -%}
    {%- set access = tenant_access().include(database=false) -%}
    do $body$
    begin
        if to_regclass('{{ access }}') is null then
            create table {{ access }} (
                role text not null, tenant_key text not null, primary key (role, tenant_key)
            );
            comment on table {{ access }} is
                'Which role reads which tenant in core, marts and reporting; * stands for all.';
            insert into {{ access }} (role, tenant_key)
            select distinct pg_get_userbyid(grantee), '*'
            from pg_default_acl, aclexplode(defaclacl)
            where
                defaclnamespace = to_regnamespace('{{ generate_schema_name("marts", none) }}')
                and privilege_type = 'SELECT'
                and grantee not in (0, defaclrole);
            perform {{ engine_schema() }}.guard(
                '{{ access }}', quote_ident(current_user)::regrole
            );
            create policy readers on {{ access }} for select using (
                pg_has_role(to_regrole(quote_ident(role)), 'usage')
            );
            grant select on {{ access }} to public;
        end if;
    end;
    $body$;
{%- endmacro %}
