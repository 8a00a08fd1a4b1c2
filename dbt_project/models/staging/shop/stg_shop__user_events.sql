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
        {{ identifier('source.id') }} as event_id,
        {{ optional_identifier('source.user_id') }} as user_id,
        {{ optional_identifier('source.session_id') }} as session_id,
        {{ session_scope('source.session_id', 'source.user_id', 'source.id') }}
            as session_scope,
        {{ clean_code('source.event_type') }} as event_type,
        coalesce(
            {{ regexp_matched(
                lower_case('source.user_agent'), var('bot_user_agents')
            ) }}, false
        ) as has_bot_agent,
        {{ is_implausible_instant('source.timestamp') }} as has_implausible_occurred_at,
        {{ is_invalid_json_object('source.data') }} as has_invalid_data,
        {{ plausible_instant('source.timestamp') }} as occurred_at,
        source._batch_seq,
        source._loaded_at
    from source
)

select * from final
