with

tenants as (
    select
        {{ source_key('whatsapp', 'tenant_id') }} as tenant_key,
        has_unknown_timezone,
        _loaded_at
    from {{ ref('stg_whatsapp__tenants') }}
),

outlets as (
    select
        {{ tenant_key('whatsapp', 'outlets.tenant_id', of='outlets.outlet_id') }}
            as tenant_key,
        tenants.tenant_id is not null as has_tenant,
        outlets._loaded_at
    from {{ ref('stg_whatsapp__outlets') }} as outlets
    left join {{ ref('stg_whatsapp__tenants') }} as tenants
        on outlets.tenant_id = tenants.tenant_id
),

conversations as (
    select * from {{ ref('int_whatsapp__conversations') }}
),

messages as (
    select * from {{ ref('int_whatsapp__flawed_messages') }}
),

final as (
    {{ rejected_quality('whatsapp', [
        'tenants', 'outlets', 'conversations', 'messages'
    ]) }}
    union all
    {{ flagged_quality('whatsapp', 'tenants', 'tenants', [
        ['has_unknown_timezone', 'unknown_time_zone', 'value'],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('whatsapp', 'outlets', 'outlets', [
        ['not has_tenant', 'orphan', 'check'],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('whatsapp', 'conversations', 'conversations', [
        ['not has_tenant', 'orphan', 'check'],
        [
            'has_implausible_started_at or has_implausible_ended_at'
            ~ ' or has_implausible_last_message_at',
            'implausible_instant', 'value'
        ],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('whatsapp', 'messages', 'messages', [
        ['not has_conversation', 'orphan', 'check'],
        ['has_implausible_sent_at', 'implausible_instant', 'value'],
        ['has_invalid_tokens_used', 'implausible_amount', 'value'],
        ['has_invalid_metadata', 'malformed_json', 'value'],
    ], '_loaded_at') }}
)

select * from final
