with

conversations as (
    select * from {{ ref('fct_conversations') }}
    where customer_hash is not null
),

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

final as (
    select
        tenants.tenant_key || ':' || conversations.customer_hash as customer_key,
        tenants.tenant_key,
        'whatsapp' as source_system,
        tenants.tenant_id || ':' || conversations.customer_hash as customer_id,
        cast(null as {{ dbt.type_string() }}) as email_hash,
        conversations.customer_hash as phone_hash,
        false as is_inferred,
        min(conversations.started_at) as first_seen_at
    from conversations
    inner join tenants on conversations.tenant_key = tenants.tenant_key
    group by
        tenants.tenant_key,
        tenants.tenant_id,
        conversations.customer_hash
)

select * from final
