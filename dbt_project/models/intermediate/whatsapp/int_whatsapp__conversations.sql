{{ config(
    materialized='incremental',
    unique_key='conversation_id',
    meta={'changed': 'int_whatsapp__changed_conversations'}
) }}
{{ clustered_by('conversation_id') }}

with

conversations as (
    select * from {{ ref('stg_whatsapp__conversations') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

tenants as (
    select * from {{ ref('int_whatsapp__known_tenants') }}
),

owned as (
    select
        *,
        {{ tenant_key('whatsapp', 'tenant_id', of='conversation_id') }} as tenant_key
    from conversations
),

final as (
    select
        conversations.conversation_id,
        conversations.tenant_key,
        {{ known_identifier(
            'whatsapp', 'conversations.outlet_id', of='conversations.conversation_id'
        ) }} as outlet_id,
        conversations.customer_hash,
        coalesce(conversations.status, 'unknown') as status,
        coalesce(tenants.timezone, 'UTC') as timezone,
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
        conversations.has_implausible_started_at,
        conversations.has_implausible_ended_at,
        conversations.has_implausible_last_message_at,
        coalesce(tenants.is_named, false) as has_tenant,
        {{ local_date(
            'conversations.started_at', "coalesce(tenants.timezone, 'UTC')"
        ) }}
            as started_date,
        conversations.started_at,
        conversations.ended_at,
        conversations.last_message_at,
        conversations._loaded_at
    from owned as conversations
    left join tenants on conversations.tenant_key = tenants.tenant_key
)

select * from final
