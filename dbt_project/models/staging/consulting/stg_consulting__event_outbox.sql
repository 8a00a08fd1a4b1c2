{{ config(materialized='incremental', unique_key='event_id') }}
{{ clustered_by(['aggregate_id', 'event_id']) }}
{{ waits_for('int_consulting__build') }}

with

source as (
    select *
    from {{ latest_versions('consulting', 'event_outbox') }} as latest
),

told as (
    select
        *,
        {{ clean_code(json_text('payload', 'status')) }} as told_status
    from source
    {{ evaluated_once() }}
),

final as (
    select
        {{ identifier('id') }} as event_id,
        {{ optional_identifier('aggregate_id') }} as aggregate_id,
        {{ listed_code(
            'crm_event_type', upper_case(clean_text('event_type')), other='OTHER'
        ) }} as event_type,
        {{ listed_code('aggregate_type', clean_code('aggregate_type')) }}
            as aggregate_type,
        {{ listed_code('lead_status', 'told_status') }} as payload_status,
        {{ is_invalid_json_object('payload') }} as has_invalid_payload,
        {{ is_implausible_instant('created_at') }} as has_implausible_created_at,
        {{ is_implausible_instant('processed_at') }} as has_implausible_processed_at,
        {{ plausible_instant('created_at') }} as created_at,
        {{ plausible_instant('processed_at') }} as processed_at,
        _batch_seq,
        _loaded_at
    from told
)

select * from final
