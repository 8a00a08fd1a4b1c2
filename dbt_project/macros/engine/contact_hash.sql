{#
    The pseudonym of an e-mail address or another personal identifier.

    sha256 hex of CONTACT_HASH_SALT followed by the clean lower-case value; null stays null.
    Used in staging, so clear text never leaves raw.
#}
{% macro contact_hash(expression) -%}
    {{ salted_hash(clean_code(expression)) }}
{%- endmacro %}

{# The pseudonym of a phone number, the same however it is written; see clean_phone. #}
{% macro phone_hash(expression, kind, of) -%}
    {{ salted_hash(clean_phone(expression, kind, of)) }}
{%- endmacro %}

{% macro salted_hash(expression) -%}
    {{ sha256_hex("'" ~ contact_hash_salt() ~ "' || " ~ expression) }}
{%- endmacro %}

{# sha256 of a text in UTF-8, as 64 hexadecimal digits. #}
{% macro sha256_hex(expression) -%}
    {{ return(adapter.dispatch('sha256_hex')(expression)) }}
{%- endmacro %}

{% macro duckdb__sha256_hex(expression) -%}
    sha256({{ expression }})
{%- endmacro %}

{% macro postgres__sha256_hex(expression) -%}
    encode(sha256(convert_to({{ expression }}, 'UTF8')), 'hex')
{%- endmacro %}

{% macro bigquery__sha256_hex(expression) -%}
    to_hex(sha256({{ expression }}))
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
