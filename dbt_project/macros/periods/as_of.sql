{# The instant the build speaks for: the variable as_of, else the start of the run. #}
{% macro as_of() -%}
    {{ timestamp_literal(var('as_of', '') or run_started_at.isoformat()) }}
{%- endmacro %}
