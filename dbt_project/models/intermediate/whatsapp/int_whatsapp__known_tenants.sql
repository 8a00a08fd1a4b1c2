{{ known_tenants(
    'whatsapp', ref('stg_whatsapp__tenants'), 'tenant_id', 'tenant_name'
) }}
