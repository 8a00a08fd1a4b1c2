with

wrong_columns as (
    select '' as column_name
    {% for column_name in (columns_without_additivity() if execute else []) %}
    union all
    select '{{ column_name }}' as column_name
    {% endfor %}
)

select column_name
from wrong_columns
where column_name <> ''
