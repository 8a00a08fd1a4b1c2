{{ only_tenant('consulting', 'Consulting', [
    ref('stg_consulting__event_outbox'),
    ref('stg_consulting__leads'),
    ref('stg_consulting__accounts'),
    ref('stg_consulting__deals'),
]) }}
