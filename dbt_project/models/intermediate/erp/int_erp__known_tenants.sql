{{ known_tenants(
    'erp', ref('stg_erp__organizations'), 'organization_id', 'organization_name'
) }}
