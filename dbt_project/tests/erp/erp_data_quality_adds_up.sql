{% set named = 'case when is_inferred then 0 else 1 end' -%}
{{ quality_adds_up('erp', [
    ['organizations', ref('int_erp__tenants'), named],
    ['customers', ref('int_erp__customers'), named],
    ['customer_interactions', ref('fct_interactions'), '1'],
    ['customer_segments', ref('fct_segment_memberships'), 'source_rows'],
]) }}
