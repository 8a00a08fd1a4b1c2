with

tenants as (
    select * from {{ ref('stg_whatsapp__tenants') }}
),

outlets as (
    select * from {{ ref('stg_whatsapp__outlets') }}
),

conversations as (
    select * from {{ ref('stg_whatsapp__conversations') }}
),

messages as (
    select * from {{ ref('stg_whatsapp__messages') }}
),

referenced as (
    select coalesce(tenant_id, '{{ var("unknown_id") }}') as tenant_id
    from conversations
    union distinct
    select coalesce(tenant_id, '{{ var("unknown_id") }}') as tenant_id
    from outlets
    union distinct
    select '{{ var("unknown_id") }}' as tenant_id
    from messages
    left join conversations
        on messages.conversation_id = conversations.conversation_id
    where conversations.conversation_id is null
),

final as (
    select
        'whatsapp:' || coalesce(tenants.tenant_id, referenced.tenant_id) as tenant_key,
        coalesce(tenants.tenant_id, referenced.tenant_id) as tenant_id,
        coalesce(
            tenants.tenant_name, tenants.tenant_id, referenced.tenant_id
        ) as tenant_name,
        coalesce(tenants.timezone, 'UTC') as timezone,
        tenants.tenant_id is null as is_inferred
    from tenants
    full outer join referenced
        on tenants.tenant_id = referenced.tenant_id
)

select * from final
