{#
    A periodic mart: the rows of one grain, with the columns that the mart's YAML declares,
    in that order.
#}
{% macro rows_of_grain(relation, grain) -%}
select
    {{ model.columns.keys() | join(',\n    ') }}
from {{ relation }}
where grain = '{{ grain }}'
{%- endmacro %}
