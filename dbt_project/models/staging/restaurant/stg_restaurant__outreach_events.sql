{{ config(materialized='incremental', unique_key='outreach_event_id') }}
{{ clustered_by(['customer_id', 'outreach_event_id']) }}
{{ waits_for('int_restaurant__build') }}

with

source as (
    select *
    from {{ latest_versions(source('restaurant', 'outreach_events')) }} as latest
),

final as (
    select
        {{ identifier('id') }} as outreach_event_id,
        {{ identifier('campaign_id') }} as campaign_id,
        {{ identifier('customer_id') }} as customer_id,
        {{ clean_code('status') }} as status,
        {{ clean_text('error') }} is not null as has_error,
        (
            {{ is_implausible_instant('created_at') }}
            or {{ is_implausible_instant('sent_at') }}
            or {{ is_implausible_instant('updated_at') }}
        ) as has_implausible_instant,
        {{ plausible_instant('created_at') }} as created_at,
        {{ plausible_instant('sent_at') }} as sent_at,
        {{ plausible_instant('updated_at') }} as updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
