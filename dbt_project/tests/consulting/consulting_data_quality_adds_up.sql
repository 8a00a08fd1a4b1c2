{% set named = 'case when is_inferred then 0 else 1 end' -%}
{{ quality_adds_up('consulting', [
    [
        'event_outbox', ref('stg_consulting__event_outbox'), 'event_id',
        ref('fct_crm_events'), '1'
    ],
    ['leads', ref('stg_consulting__leads'), 'lead_id', ref('dim_leads'), named],
    ['accounts', ref('stg_consulting__accounts'), 'account_id', ref('dim_accounts'), named],
    ['deals', ref('stg_consulting__deals'), 'deal_id', ref('fct_deals'), '1'],
]) }}
