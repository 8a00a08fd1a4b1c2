{% set text = dbt.type_string() -%}
{% set changed -%}
select cast(id as {{ text }}) as lead_id
from {{ new_versions('consulting', 'leads') }} as new_versions
union distinct
select cast(aggregate_id as {{ text }}) as lead_id
from {{ touched_versions('consulting', 'event_outbox') }} as versions
where aggregate_id is not null
{{ union_keys_of_passed_days('fct_lead_stages', 'lead_id', ['entered_date']) }}
{%- endset %}
{{ with_days_before(
    changed,
    'lead_id',
    [['fct_lead_stages', 'entered_date'], ['fct_lead_stages', 'exited_date']]
) }}
