{#
    A time zone name this engine knows, else null: an unknown name makes every query over
    the tenant's dates fail, and engines ship different lists.
#}
{% macro known_timezone(expression) -%}
    {{ return(adapter.dispatch('known_timezone')(expression)) }}
{%- endmacro %}

{% macro duckdb__known_timezone(expression) -%}
    case
        when {{ expression }} in (select zones.name from pg_timezone_names() as zones)
            then {{ expression }}
    end
{%- endmacro %}

{# The server's list also has its own 'posix/...' and 'localtime'. #}
{% macro postgres__known_timezone(expression) -%}
    case
        when {{ expression }} in (
            select zones.name
            from pg_timezone_names as zones
            where
                zones.name not like 'posix%'
                and zones.name <> 'localtime'
        )
            then {{ expression }}
    end
{%- endmacro %}

{# It has no list of names, and takes offsets ('+05:30') and its machine's own beside them. #}
{% macro bigquery__known_timezone(expression) -%}
    case
        when
            safe.date(timestamp_seconds(0), {{ expression }}) is not null
            and regexp_contains({{ expression }}, '^[A-Za-z][A-Za-z0-9_+/-]*$')
            and not regexp_contains({{ expression }}, '^(posix|localtime$)')
            then {{ expression }}
    end
{%- endmacro %}
