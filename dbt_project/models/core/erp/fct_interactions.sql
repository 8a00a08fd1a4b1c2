with

interactions as (
    select * from {{ ref('stg_erp__customer_interactions') }}
),

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

final as (
    select
        interactions.interaction_id,
        tenants.tenant_key,
        coalesce(interactions.customer_id, '{{ var("unknown_id") }}') as customer_id,
        'erp:' || interactions.customer_id as customer_key,
        coalesce(interactions.interaction_type, '{{ var("unknown_id") }}')
            as interaction_type,
        coalesce(interactions.status, '{{ var("unknown_id") }}') as status,
        {{ local_date('interactions.interaction_at', 'tenants.timezone') }}
            as interaction_date,
        interactions.interaction_at,
        interactions.created_at,
        interactions.updated_at
    from interactions
    inner join tenants
        on
            coalesce(interactions.organization_id, '{{ var("unknown_id") }}')
            = tenants.tenant_id
)

select * from final
