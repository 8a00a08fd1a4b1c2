-- The role that reads a PostgreSQL source, made by a superuser in its database; tables are `owner`'s in `schema`:
--   psql --dbname crm --set owner=app --set schema=public --file deploy/source_reader.sql
-- It has no password: \password crm_reader sets one.
\set ON_ERROR_STOP on

create role crm_reader login;
alter role crm_reader set default_transaction_read_only = on;
alter role crm_reader in database :"DBNAME" set search_path = :"schema";
grant connect on database :"DBNAME" to crm_reader;
grant usage on schema :"schema" to crm_reader;
grant select on all tables in schema :"schema" to crm_reader;
-- Tables to come, as long as the same role makes them.
alter default privileges for role :"owner" in schema :"schema" grant select on tables to crm_reader;
-- With it a table in mode cursor is read from where running transactions began; without it, as in mode changes.
grant pg_read_all_stats to crm_reader;
