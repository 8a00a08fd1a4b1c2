{# A whole number of at most 18 digits, not negative, from text ('57' or '57.0'); else null. #}
{% macro whole_number_from_text(expression) -%}
    {{ return(adapter.dispatch('whole_number_from_text')(expression)) }}
{%- endmacro %}

{% macro duckdb__whole_number_from_text(expression) -%}
    case
        when regexp_full_match({{ trimmed(expression) }}, '[0-9]{1,18}(\.0+)?')
            then cast(split_part({{ trimmed(expression) }}, '.', 1) as bigint)
    end
{%- endmacro %}

{% macro postgres__whole_number_from_text(expression) -%}
    case
        when {{ trimmed(expression) }} ~ '^[0-9]{1,18}(\.0+)?$'
            then cast(split_part({{ trimmed(expression) }}, '.', 1) as bigint)
    end
{%- endmacro %}

{% macro bigquery__whole_number_from_text(expression) -%}
    case
        when regexp_contains({{ trimmed(expression) }}, r'^[0-9]{1,18}(\.0+)?$')
            then cast(split({{ trimmed(expression) }}, '.')[offset(0)] as bigint)
    end
{%- endmacro %}

{# A number from text as numeric(38,9), '1e-05' included; null where it is none. #}
{% macro decimal_from_text(expression) -%}
    {{ return(adapter.dispatch('decimal_from_text')(expression)) }}
{%- endmacro %}

{% macro duckdb__decimal_from_text(expression) -%}
    case
        when regexp_full_match({{ trimmed(expression) }}, '{{ decimal_pattern() }}')
            then cast({{ trimmed(expression) }} as numeric(38, 9))
    end
{%- endmacro %}

{% macro postgres__decimal_from_text(expression) -%}
    case
        when {{ trimmed(expression) }} ~ '^{{ decimal_pattern() }}$'
            then cast({{ trimmed(expression) }} as numeric(38, 9))
    end
{%- endmacro %}

{% macro bigquery__decimal_from_text(expression) -%}
    case
        when regexp_contains({{ trimmed(expression) }}, r'^{{ decimal_pattern() }}$')
            then cast({{ trimmed(expression) }} as numeric)
    end
{%- endmacro %}

{% macro decimal_pattern() -%}
    -?[0-9]{1,19}(\.[0-9]{1,30})?([eE][-+]?0?[0-9])?
{%- endmacro %}
