{{ known_tenants(
    'restaurant',
    ref('stg_restaurant__restaurants'),
    'restaurant_id',
    'restaurant_name'
) }}
