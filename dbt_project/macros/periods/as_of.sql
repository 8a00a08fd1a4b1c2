{#
    The instant the build speaks for: the variable as_of, else AS_OF of the environment, else
    the start of the run.
#}
{% macro as_of() -%}
    {{ timestamp_literal(var('as_of', '') or env_var('AS_OF', '') or run_started_at.isoformat()) }}
{%- endmacro %}
