{#
    The pseudonym of an e-mail address or another personal identifier.

    sha256 hex of CONTACT_HASH_SALT followed by the clean lower-case value; null stays null.
    Used in staging, so clear text never leaves raw.
#}
{% macro contact_hash(expression) -%}
    {{ salted_hash(clean_code(expression)) }}
{%- endmacro %}

{# The pseudonym of a phone number, the same however it is written. #}
{% macro phone_hash(expression, source_system) -%}
    {{ salted_hash(clean_phone(expression, source_system)) }}
{%- endmacro %}

{% macro salted_hash(expression) -%}
    {{ return(adapter.dispatch('salted_hash')(expression)) }}
{%- endmacro %}

{% macro duckdb__salted_hash(expression) -%}
    sha256('{{ contact_hash_salt() }}' || {{ expression }})
{%- endmacro %}

{% macro postgres__salted_hash(expression) -%}
    encode(
        sha256(convert_to('{{ contact_hash_salt() }}' || {{ expression }}, 'UTF8')), 'hex'
    )
{%- endmacro %}

{% macro bigquery__salted_hash(expression) -%}
    to_hex(sha256('{{ contact_hash_salt() }}' || {{ expression }}))
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
