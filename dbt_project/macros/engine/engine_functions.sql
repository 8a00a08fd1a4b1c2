{#
    What an engine must know before the first model is built: run by `on-run-start`.

    PostgreSQL has no expression that turns what is no JSON into null (before version 16),
    and lower() follows the database's locale. Functions in the schema `intermediate` do.
    DuckDB has none that divides decimals, or tells a quantile of them, exactly.
#}
{% macro engine_functions() -%}
    {{ return(adapter.dispatch('engine_functions')()) }}
{%- endmacro %}

{% macro default__engine_functions() -%}
{%- endmacro %}

{% macro duckdb__engine_functions() -%}
    create schema if not exists {{ engine_schema() }};
    {{ duckdb_ratio() }}
    {{ duckdb_quantile() }}
{%- endmacro %}

{# The schema that holds them. #}
{% macro engine_schema() -%}
    {{ generate_schema_name('intermediate', none) }}
{%- endmacro %}

{# One transaction; the lock keeps two builds from replacing the same function at once. #}
{% macro postgres__engine_functions() -%}
    select pg_advisory_xact_lock(hashtext('crm-warehouse functions'));
    {{ postgres_schema() }}
    {{ postgres_is_valid() }}
    {{ postgres_case_functions() }}
    {{ postgres_trimmed() }}
    {{ postgres_json_document() }}
    {{ postgres_json_number() }}
    {{ postgres_json_quoted() }}
    {{ postgres_json_shown() }}
    {{ postgres_json_node() }}
    {{ postgres_json_text() }}
    {{ postgres_json_scalar() }}
{%- endmacro %}

{# `create schema if not exists` would want the right to create one even where it is. #}
{% macro postgres_schema() -%}
    do $body$
    begin
        if to_regnamespace('{{ engine_schema() }}') is null then
            create schema {{ engine_schema() }};
        end if;
    end;
    $body$;
{%- endmacro %}

{# Whether a text is a value of a type. #}
{% macro postgres_is_valid() -%}
    do $body$
    begin
        if current_setting('server_version_num')::integer >= 160000 then
            create or replace function {{ engine_schema() }}.is_valid(
                value text, type_name text
            ) returns boolean language sql immutable strict parallel safe
            as 'select pg_input_is_valid(value, type_name)';
        else
            create or replace function {{ engine_schema() }}.is_valid(
                value text, type_name text
            ) returns boolean language plpgsql immutable strict
            as $function$
            begin
                case type_name
                    when 'json' then perform value::json;
                    when 'jsonb' then perform value::jsonb;
                    else perform value::double precision;
                end case;
                return true;
            exception when data_exception or program_limit_exceeded then
                return false;
            end;
            $function$;
        end if;
    end;
    $body$;
{%- endmacro %}

{#
    Case by the rules of the first of these collations that the server has: of the default
    one it isn't known what it does to letters beyond ASCII. No rule has a capital sharp s.
#}
{% macro postgres_case_functions() -%}
    do $body$
    declare
        rules text := coalesce(
            (
                select quote_ident(collname)
                from pg_collation
                where
                    collname in ('pg_c_utf8', 'C.utf8', 'C.UTF-8', 'en_US.utf8', 'und-x-icu')
                    and collencoding in (-1, pg_char_to_encoding(getdatabaseencoding()))
                order by array_position(
                    array['pg_c_utf8', 'C.utf8', 'C.UTF-8', 'en_US.utf8', 'und-x-icu'],
                    collname::text
                )
                limit 1
            ),
            '"default"'
        );
    begin
        execute format(
            'create or replace function {{ engine_schema() }}.lower_case(value text)
            returns text language sql immutable parallel safe
            as $function$ select lower(value collate %s) collate "default" $function$',
            rules
        );
        execute format(
            'create or replace function {{ engine_schema() }}.upper_case(value text)
            returns text language sql immutable parallel safe
            as $function$
                select upper(replace(value, U&''\00DF'', U&''\1E9E'') collate %s)
                    collate "default"
            $function$',
            rules
        );
    end;
    $body$;
{%- endmacro %}

{# See trimmed. #}
{% macro postgres_trimmed() -%}
    {%- set unseen = [] -%}
    {%- for first, last in [
        (1, 32), (127, 160), (5760, 5760), (8192, 8203), (8232, 8233), (8239, 8239),
        (8287, 8287), (12288, 12288), (65279, 65279)
    ] -%}
        {%- for number in range(first, last + 1) -%}
            {%- do unseen.append('\\%04X' | format(number)) -%}
        {%- endfor -%}
    {%- endfor -%}
    create or replace function {{ engine_schema() }}.trimmed(value text)
    returns text language sql immutable parallel safe
    as $body$ select btrim(value, U&'{{ unseen | join }}') $body$;
{%- endmacro %}
