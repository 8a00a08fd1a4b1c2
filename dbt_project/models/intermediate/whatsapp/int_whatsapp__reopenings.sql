{{ config(
    materialized='incremental',
    unique_key='conversation_id',
    meta={'changed': 'int_whatsapp__changed_conversations'}
) }}
{{ clustered_by('conversation_id') }}

with

versions as (
    select * from {{ ref('stg_whatsapp__conversation_versions') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

compared as (
    select
        conversation_id,
        status,
        is_deleted,
        lag(status) over (
            partition by conversation_id
            order by _batch_seq
        ) as previous_status
    from versions
),

final as (
    select distinct conversation_id
    from compared
    where
        not is_deleted
        and previous_status = 'resolved'
        and coalesce(status, 'unknown') <> 'resolved'
)

select * from final
