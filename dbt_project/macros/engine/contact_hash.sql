{#
    The pseudonym of an e-mail address, phone number or other personal identifier.

    sha256 hex of CONTACT_HASH_SALT followed by the trimmed lower-case value; null stays
    null. Used in staging, so clear text never leaves raw.
#}
{% macro contact_hash(expression) -%}
    {{ return(adapter.dispatch('contact_hash')(expression)) }}
{%- endmacro %}

{% macro duckdb__contact_hash(expression) -%}
    sha256('{{ contact_hash_salt() }}' || {{ clean_code(expression) }})
{%- endmacro %}

{% macro postgres__contact_hash(expression) -%}
    encode(
        sha256(
            convert_to('{{ contact_hash_salt() }}' || {{ clean_code(expression) }}, 'UTF8')
        ),
        'hex'
    )
{%- endmacro %}

{% macro bigquery__contact_hash(expression) -%}
    to_hex(sha256('{{ contact_hash_salt() }}' || {{ clean_code(expression) }}))
{%- endmacro %}

{# The salt as the inside of a SQL text literal. #}
{% macro contact_hash_salt() -%}
    {{ return(adapter.dispatch('contact_hash_salt')()) }}
{%- endmacro %}

{% macro default__contact_hash_salt() -%}
    {{ env_var('CONTACT_HASH_SALT', '') | replace("'", "''") }}
{%- endmacro %}

{% macro bigquery__contact_hash_salt() -%}
    {{ bigquery_escaped(env_var('CONTACT_HASH_SALT', '')) }}
{%- endmacro %}
