with

tenants as (
    select * from {{ ref('stg_whatsapp__tenants') }}
),

outlets as (
    select * from {{ ref('stg_whatsapp__outlets') }}
),

conversations as (
    select * from {{ ref('int_whatsapp__conversation_measures') }}
),

messages as (
    select * from {{ ref('int_whatsapp__message_measures') }}
),

referenced as (
    select 'whatsapp:' || coalesce(tenant_id, '{{ var("unknown_id") }}') as tenant_key
    from outlets
    union distinct
    select tenant_key
    from conversations
    union distinct
    select tenant_key
    from messages
),

named as (
    select
        'whatsapp:' || tenant_id as tenant_key,
        tenant_name,
        timezone
    from tenants
),

joined as (
    select
        coalesce(named.tenant_key, referenced.tenant_key) as tenant_key,
        named.tenant_name,
        named.timezone,
        named.tenant_key is null as is_inferred
    from named
    full outer join referenced
        on named.tenant_key = referenced.tenant_key
),

final as (
    select
        tenant_key,
        substr(tenant_key, length('whatsapp:') + 1) as tenant_id,
        coalesce(tenant_name, substr(tenant_key, length('whatsapp:') + 1))
            as tenant_name,
        coalesce(timezone, 'UTC') as timezone,
        is_inferred
    from joined
)

select * from final
