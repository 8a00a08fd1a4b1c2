{{ config(materialized='incremental', unique_key='conversation_id') }}
{{ clustered_by('conversation_id') }}
{{ waits_for('int_whatsapp__build') }}

with

source as (
    select *
    from {{ latest_versions('whatsapp', 'conversations') }} as latest
),

final as (
    select
        {{ identifier('id') }} as conversation_id,
        {{ optional_identifier('tenant_id') }} as tenant_id,
        {{ optional_identifier('outlet_id') }} as outlet_id,
        {{ pseudonym('customer_phone') }} as customer_hash,
        {{ listed_code('conversation_status', clean_code('status')) }} as status,
        {{ plausible_instant('started_at') }} as started_at,
        {{ plausible_instant('ended_at') }} as ended_at,
        {{ plausible_instant('last_message_at') }} as last_message_at,
        {{ is_implausible_instant('started_at') }} as has_implausible_started_at,
        {{ is_implausible_instant('ended_at') }} as has_implausible_ended_at,
        {{ is_implausible_instant('last_message_at') }}
            as has_implausible_last_message_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
