{% set changed -%}
select distinct cast(id as {{ dbt.type_string() }}) as deal_id
from {{ new_versions('consulting', 'deals') }} as new_versions
{%- endset %}
{{ with_days_before(changed, 'deal_id', [['fct_deals', 'closed_date']]) }}
