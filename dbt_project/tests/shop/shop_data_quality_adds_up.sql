{{ quality_adds_up('shop', [
    ['user_events', ref('fct_web_events'), '1'],
    ['product_events', ref('fct_product_events'), '1'],
    ['order_events', ref('fct_orders'), 'source_rows'],
]) }}
