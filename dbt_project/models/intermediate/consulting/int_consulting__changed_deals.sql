{# A deal has the owner and the source of its lead. -#}
{% set text = dbt.type_string() -%}
{% set changed -%}
select cast(id as {{ text }}) as deal_id
from {{ new_versions('consulting', 'deals') }} as new_versions
union distinct
select cast(id as {{ text }}) as deal_id
from {{ raw_rows('consulting', 'deals') }} as versions
where cast(lead_id as {{ text }}) in (
    select cast(new_versions.id as {{ text }})
    from {{ new_versions('consulting', 'leads') }} as new_versions
)
{%- endset %}
{{ with_days_before(
    changed,
    'deal_id',
    [
        ['fct_deals', 'created_date'],
        ['fct_deals', 'closed_date'],
        ['fct_deals', 'ended_date']
    ]
) }}
