{#
    A periodic mart: the rows of one grain, with the columns that the mart's YAML declares,
    in that order. One with `quote: true` has a name that SQL uses itself.
#}
{% macro rows_of_grain(relation, grain) -%}
{{ clustered_by('tenant_key', month_of='period_start_date') }}
{%- set names = [] -%}
{%- for column in model.columns.values() -%}
    {%- do names.append(
        adapter.quote(column.name) if column.quote else column.name
    ) -%}
{%- endfor -%}
select
    {{ names | join(',\n    ') }}
from {{ relation }}
where grain = '{{ grain }}'
{%- endmacro %}
