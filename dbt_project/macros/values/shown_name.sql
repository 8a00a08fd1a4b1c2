{#
    A name in a personal column of raw as core and marts may show it: clean text where the
    variable `shown` says so of the row's source. A pseudonym is a mark by which equal names are
    told from others, whatever is said; of everything else there is nothing.
#}
{% macro shown_name(kind, table, column) -%}
    {{ by_source(kind, 'id', table ~ '.' ~ column, name_in_source) }}
{%- endmacro %}

{% macro name_in_source(kind, source_name, place) -%}
    {%- set column = place.split('.')[1] -%}
    {%- set mark = "'unnamed ' || substr(" ~ pseudonym(column) ~ ", 1, 8)" -%}
    {%- if source_name ~ '.' ~ place in var('shown') -%}
    coalesce({{ mark }}, {{ clean_text(column) }})
    {%- else -%}
    {{ mark }}
    {%- endif -%}
{%- endmacro %}
