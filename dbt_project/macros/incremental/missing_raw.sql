{#
    For on-run-end: says why the first models of systems failed whose raw tables there are
    none of, which is so where their sources have no URL.
#}
{% macro tell_of_missing_raw(results) -%}
    {%- set missing = [] -%}
    {%- for result in results if execute and result.status == 'error' -%}
        {%- for system in var('systems') if result.node.name == 'int_' ~ system ~ '__build' -%}
            {%- for name in sources_of(system)
                if load_relation(raw_relation(system, name, '_state')) is none -%}
                {%- do missing.append(name) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if missing -%}
        {%- do exceptions.warn(
            'raw has nothing of ' ~ missing | join(', ') ~ '. Build the systems there are: '
            ~ '`python -m orchestration dbt build`, or `--vars "systems: [...]"`; or make '
            ~ 'empty tables of all others: `python -m ingestion prepare`.'
        ) -%}
    {%- endif -%}
{%- endmacro %}
