{{ only_tenant('consulting', 'Consulting', [
    [ref('stg_consulting__event_outbox'), 'event_id'],
    [ref('stg_consulting__leads'), 'lead_id'],
    [ref('stg_consulting__accounts'), 'account_id'],
    [ref('stg_consulting__deals'), 'deal_id'],
]) }}
