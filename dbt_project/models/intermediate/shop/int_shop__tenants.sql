{{ only_tenant('shop', 'Shop', [
    ref('stg_shop__user_events'),
    ref('stg_shop__product_events'),
    ref('stg_shop__order_events'),
]) }}
