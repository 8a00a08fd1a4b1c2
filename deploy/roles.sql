-- Databases and roles on the server that holds the warehouse, made by a superuser:
--   psql --file deploy/roles.sql
-- With a tenant, after the first run: a role that reads this tenant of it, or one tenant more.
--   psql --set role=bi_harbour --set tenant=whatsapp:42 --file deploy/roles.sql
-- The roles have no password: \password sets one, so that it is in no file and no log.
\set ON_ERROR_STOP on
\if :{?tenant}
    \if :{?database}
    \else
        \set database crm_warehouse
    \endif
    \connect :"database"
    begin;
    select format('create role %I login', :'role')
    where not exists (select from pg_roles where rolname = :'role') \gexec
    -- The builds' policies choose the rows (dbt_project/macros/engine/isolation.sql).
    insert into core.tenant_access (role, tenant_key) values (:'role', :'tenant') on conflict do nothing;
    grant connect on database :"database" to :"role";
    grant usage on schema core, marts, reporting to :"role";
    alter role :"role" in database :"database" set search_path = marts, core, reporting;
    alter role :"role" set statement_timeout = '10min';
    alter role :"role" set idle_in_transaction_session_timeout = '1min';
    commit;
    \quit
\endif

create role crm_warehouse login;
create role crm_dagster login;
create role crm_bi login;

create database crm_warehouse template template0 encoding 'UTF8';
create database crm_dagster template template0 encoding 'UTF8';
revoke all on database crm_warehouse, crm_dagster from public;

-- Dagster makes its tables itself, in a database of its own.
grant connect on database crm_dagster to crm_dagster;
\connect crm_dagster
revoke all on schema public from public;
grant usage, create on schema public to crm_dagster;

-- The pipeline makes its schemas and owns them. Those that others read are made here, so that their rights can be given.
grant connect, create, temporary on database crm_warehouse to crm_warehouse;
\connect crm_warehouse
revoke all on schema public from public;
create schema core authorization crm_warehouse;
create schema marts authorization crm_warehouse;
create schema reporting authorization crm_warehouse;

-- BI tools read core, marts and the views over them, of all tenants: the first build gives whoever has these rights all rows.
-- Builds replace tables by new ones, which get the rights as they are made.
grant connect on database crm_warehouse to crm_bi;
grant usage on schema core, marts, reporting to crm_bi;
alter default privileges for role crm_warehouse in schema core grant select on tables to crm_bi;
alter default privileges for role crm_warehouse in schema marts grant select on tables to crm_bi;
alter default privileges for role crm_warehouse in schema reporting grant select on tables to crm_bi;
alter role crm_bi in database crm_warehouse set search_path = marts, core, reporting;
-- A build waits for who reads the table that it replaces: a forgotten query is ended by the server, and whatever else
-- holds up a build by the build (READERS_WAIT_SECONDS). With this right it may end any session but superusers'.
grant pg_signal_backend to crm_warehouse;
alter role crm_bi set statement_timeout = '10min';
alter role crm_bi set idle_in_transaction_session_timeout = '1min';
