{% set changed -%}
select distinct cast(id as {{ dbt.type_string() }}) as event_id
from {{ new_versions('consulting', 'event_outbox') }} as new_versions
{{ union_keys_of_passed_days('fct_crm_events', 'event_id', ['processed_date']) }}
{%- endset %}
{{ with_days_before(
    changed,
    'event_id',
    [['fct_crm_events', 'event_date'], ['fct_crm_events', 'handled_date']]
) }}
