{{ config(materialized='incremental', unique_key='event_id') }}
{{ clustered_by(['user_id', 'event_id']) }}
{{ waits_for('int_shop__build') }}

with

source as (
    select *
    from {{ latest_versions(source('shop', 'user_events')) }} as latest
),

final as (
    select
        {{ identifier('id') }} as event_id,
        {{ optional_identifier('user_id') }} as user_id,
        {{ optional_identifier('session_id') }} as session_id,
        {{ session_scope('session_id', 'user_id', 'id') }} as session_scope,
        {{ clean_code('event_type') }} as event_type,
        {{ is_invalid_json_object('data') }} as has_invalid_data,
        timestamp as occurred_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
