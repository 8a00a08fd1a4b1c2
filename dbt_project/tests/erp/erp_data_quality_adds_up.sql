{% set named = 'case when is_inferred then 0 else 1 end' -%}
{{ quality_adds_up('erp', [
    [
        'organizations', ref('stg_erp__organizations'), 'organization_id',
        ref('int_erp__tenants'), named
    ],
    ['customers', ref('stg_erp__customers'), 'customer_id', ref('int_erp__customers'), named],
    [
        'customer_interactions', ref('stg_erp__customer_interactions'), 'interaction_id',
        ref('fct_interactions'), '1'
    ],
    [
        'customer_segments', ref('stg_erp__customer_segments'), 'membership_id',
        ref('fct_segment_memberships'), 'source_rows'
    ],
]) }}
