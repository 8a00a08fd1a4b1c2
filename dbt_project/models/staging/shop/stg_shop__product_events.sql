{{ config(materialized='incremental', unique_key='event_id') }}
{{ clustered_by('event_id') }}
{{ waits_for('int_shop__build') }}

with

source as (
    select *
    from {{ latest_versions(source('shop', 'product_events')) }} as latest
),

final as (
    select
        {{ identifier('id') }} as event_id,
        {{ optional_identifier('product_id') }} as product_id,
        {{ optional_identifier('user_id') }} as user_id,
        {{ clean_code('event_type') }} as event_type,
        {{ upper_case(
            'coalesce(' ~ clean_text(json_text('data', 'currency_code')) ~ ', '
            ~ clean_text(json_text('data', 'currency')) ~ ')'
        ) }} as currency_code,
        quantity,
        price,
        {{ is_invalid_json_object('data') }} as has_invalid_data,
        timestamp as occurred_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
