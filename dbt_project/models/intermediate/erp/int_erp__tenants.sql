with

known as (
    {{ known_tenants(
        'erp', ref('stg_erp__organizations'), 'organization_id', 'organization_name'
    ) }}
),

customers as (
    select * from {{ ref('stg_erp__customers') }}
),

interactions as (
    select * from {{ ref('stg_erp__customer_interactions') }}
),

memberships as (
    select * from {{ ref('stg_erp__customer_segments') }}
),

referenced as (
    select {{ tenant_key('erp', 'organization_id', of='customer_id') }} as tenant_key
    from customers
    union distinct
    select {{ tenant_key('erp', 'organization_id', of='interaction_id') }} as tenant_key
    from interactions
    union distinct
    select {{ tenant_key('erp', 'organization_id', of='membership_id') }} as tenant_key
    from memberships
),

{{ all_tenants('erp', 'known', 'referenced') }}

select * from final
