with

organizations as (
    select * from {{ ref('stg_erp__organizations') }}
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
    select coalesce(organization_id, '{{ var("unknown_id") }}') as organization_id
    from customers
    union distinct
    select coalesce(organization_id, '{{ var("unknown_id") }}') as organization_id
    from interactions
    union distinct
    select coalesce(organization_id, '{{ var("unknown_id") }}') as organization_id
    from memberships
),

final as (
    select
        'erp:' || coalesce(organizations.organization_id, referenced.organization_id)
            as tenant_key,
        coalesce(organizations.organization_id, referenced.organization_id)
            as tenant_id,
        coalesce(
            organizations.organization_name,
            organizations.organization_id,
            referenced.organization_id
        ) as tenant_name,
        coalesce(organizations.timezone, 'UTC') as timezone,
        organizations.organization_id is null as is_inferred
    from organizations
    full outer join referenced
        on organizations.organization_id = referenced.organization_id
)

select * from final
