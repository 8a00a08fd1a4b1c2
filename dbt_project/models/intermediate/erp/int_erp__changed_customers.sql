{% set changed -%}
{% for table in ['customer_interactions', 'customer_segments'] -%}
{{ 'union distinct' if not loop.first }}
select
    {{ known_identifier('erp', optional_identifier('customer_id'), of='id') }}
        as customer_id
from {{ raw_rows('erp', table) }} as versions
where
    id in (
        select new_versions.id
        from {{ new_versions('erp', table) }} as new_versions
    )
    or {{ identifier('organization_id') }} in (
        select {{ identifier('new_versions.id') }}
        from {{ new_versions('erp', 'organizations') }} as new_versions
    )
{% endfor %}
union distinct
select {{ identifier('new_versions.id') }} as customer_id
from {{ new_versions('erp', 'customers') }} as new_versions
{{ union_keys_of_passed_days('fct_interactions', 'customer_id', ['interaction_date']) }}
{{ union_keys_of_passed_days(
    'fct_segment_memberships', 'customer_id', ['joined_date', 'left_date']
) }}
{%- endset %}
{{ with_days_before(
    changed,
    'customer_id',
    [
        ['fct_interactions', 'interaction_date'],
        ['fct_segment_memberships', 'joined_date'],
        ['fct_segment_memberships', 'left_date']
    ]
) }}
