with

conversations as (
    select * from {{ ref('stg_whatsapp__conversations') }}
),

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

final as (
    select
        conversations.conversation_id,
        tenants.tenant_key,
        coalesce(conversations.outlet_id, '{{ var("unknown_id") }}') as outlet_id,
        conversations.customer_hash,
        coalesce(conversations.status, 'unknown') as status,
        tenants.timezone,
        case
            when conversations.ended_at >= conversations.started_at
                then {{ seconds_from_microseconds(
                    microseconds_between(
                        'conversations.started_at', 'conversations.ended_at'
                    )
                ) }}
        end as duration_seconds,
        coalesce(conversations.ended_at < conversations.started_at, false)
            as has_invalid_duration,
        {{ local_date('conversations.started_at', 'tenants.timezone') }}
            as started_date,
        conversations.started_at,
        conversations.ended_at,
        conversations.last_message_at
    from conversations
    inner join tenants
        on
            coalesce(conversations.tenant_id, '{{ var("unknown_id") }}')
            = tenants.tenant_id
)

select * from final
