{% set named = 'case when is_inferred then 0 else 1 end' -%}
{{ quality_adds_up('consulting', [
    ['event_outbox', ref('fct_crm_events'), '1'],
    ['leads', ref('dim_leads'), named],
    ['accounts', ref('dim_accounts'), named],
    ['deals', ref('fct_deals'), '1'],
]) }}
