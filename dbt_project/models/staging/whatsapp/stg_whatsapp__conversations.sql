{{ config(materialized='incremental', unique_key='conversation_id') }}
{{ clustered_by('conversation_id') }}
{{ waits_for('int_whatsapp__build') }}

with

source as (
    select *
    from {{ latest_versions(source('whatsapp', 'conversations')) }} as latest
),

final as (
    select
        {{ identifier('id') }} as conversation_id,
        {{ optional_identifier('tenant_id') }} as tenant_id,
        {{ optional_identifier('outlet_id') }} as outlet_id,
        {{ contact_hash('customer_phone') }} as customer_hash,
        {{ clean_code('status') }} as status,
        started_at,
        ended_at,
        last_message_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
