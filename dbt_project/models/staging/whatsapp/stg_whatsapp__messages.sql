{{ config(materialized='incremental', unique_key='message_id') }}
{{ clustered_by(['conversation_id', 'message_id']) }}
{{ waits_for('int_whatsapp__build') }}

with

source as (
    select *
    from {{ latest_versions('whatsapp', 'messages') }} as latest
),

-- Step by step: as one expression it is deeper than BigQuery's parser answers for.
told as (
    select
        source.*,
        {{ json_text('metadata', 'tokens_used') }} as tokens_text
    from source
    {{ evaluated_once() }}
),

counted as (
    select
        told.*,
        {{ whole_number_from_text('tokens_text') }} as tokens
    from told
    {{ evaluated_once() }}
),

final as (
    select
        {{ identifier('id') }} as message_id,
        {{ identifier('conversation_id') }} as conversation_id,
        {{ clean_code('sender_type') }} as sender_type,
        {{ listed_code('model', clean_code(json_text('metadata', 'model'))) }} as model,
        {{ clean_code(json_text('metadata', 'trigger')) }} as handoff_trigger,
        {{ plausible_count('tokens') }} as tokens_used,
        {{ decimal_from_text(json_text('metadata', 'confidence')) }} as confidence,
        coalesce(
            {{ clean_code(json_text('metadata', 'handoff_requested')) }} = 'true', false
        ) as is_handoff_request,
        {{ is_invalid_json_object('metadata') }} as has_invalid_metadata,
        {{ clean_text('tokens_text') }} is not null
        and {{ plausible_count('tokens') }} is null
            as has_invalid_tokens_used,
        {{ plausible_instant('timestamp') }} as sent_at,
        {{ is_implausible_instant('timestamp') }} as has_implausible_sent_at,
        _batch_seq,
        _loaded_at
    from counted
)

select * from final
