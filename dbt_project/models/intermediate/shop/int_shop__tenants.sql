{{ only_tenant('shop', 'Shop', [
    [ref('stg_shop__user_events'), 'event_id'],
    [ref('stg_shop__product_events'), 'event_id'],
    [ref('stg_shop__order_events'), 'event_id'],
]) }}
