{#
    Who reads what of core, marts and reporting, where the engine knows roles: PostgreSQL.

    A tenant's rows are read by the roles that the table core.tenant_access has beside its key,
    by row-level security. Of tables without a tenant those are open that the variable
    `public_tables` names. Whoever has a right on the schema may select from a table whose rows
    are chosen, and from no other: what nobody told of is closed.
#}

{# For on-run-start. Tables and views that an earlier version made are seen to here. #}
{% macro prepare_isolation() -%}
    {{ return(adapter.dispatch('prepare_isolation')()) }}
{%- endmacro %}

{% macro default__prepare_isolation() -%}
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

{% macro postgres__prepare_isolation() -%}
    {%- set core = api.Relation.create(target.database, generate_schema_name('core', none)) -%}
    {%- if execute and not has_schema(core) -%}
        {%- do adapter.create_schema(core) -%}
    {%- endif -%}
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
    create or replace function {{ engine_schema() }}.isolate(place regclass, is_public boolean)
    returns void language plpgsql as $body$
    declare
        it pg_class;
        is_shown boolean := is_public;
    begin
        select * into it from pg_class where oid = place;
        if it.relnamespace = to_regnamespace('{{ generate_schema_name("reporting", none) }}') then
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
                            select from {{ tenant_access() }} as access
                            where access.tenant_key = '*'
                        )
                        or cast(tenant_key as text) = any(array(
                            select access.tenant_key from {{ tenant_access() }} as access
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
    {{ api.Relation.create(
        target.database, generate_schema_name('core', none), 'tenant_access'
    ).include(database=false) }}
{%- endmacro %}

{#
    No model: builds must not touch it. Whoever reads all that builds make, when it is made, goes
    on to: `*` stands for all tenants. A role sees its own rows of it.
#}
{% macro postgres_tenant_access() -%}
    do $body$
    begin
        if to_regclass('{{ tenant_access() }}') is null then
            create table {{ tenant_access() }} (
                role text not null, tenant_key text not null, primary key (role, tenant_key)
            );
            comment on table {{ tenant_access() }} is
                'Which role reads which tenant in core, marts and reporting; * stands for all.';
            insert into {{ tenant_access() }} (role, tenant_key)
            select distinct pg_get_userbyid(grantee), '*'
            from pg_default_acl, aclexplode(defaclacl)
            where
                defaclnamespace = to_regnamespace('{{ generate_schema_name("marts", none) }}')
                and privilege_type = 'SELECT'
                and grantee not in (0, defaclrole);
            perform {{ engine_schema() }}.guard(
                '{{ tenant_access() }}', quote_ident(current_user)::regrole
            );
            create policy readers on {{ tenant_access() }} for select using (
                pg_has_role(to_regrole(quote_ident(role)), 'usage')
            );
            grant select on {{ tenant_access() }} to public;
        end if;
    end;
    $body$;
{%- endmacro %}
