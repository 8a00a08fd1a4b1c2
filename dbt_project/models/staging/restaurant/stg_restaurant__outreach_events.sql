{{ config(materialized='incremental', unique_key='outreach_event_id') }}
{{ clustered_by(['customer_id', 'outreach_event_id']) }}
{{ waits_for('int_restaurant__build') }}

with

source as (
    select *
    from {{ latest_versions('restaurant', 'outreach_events') }} as latest
),

patterns as (
    select
        pattern_order,
        {{ lower_case('pattern') }} as pattern,
        error_category
    from {{ ref('outreach_error_patterns') }}
),

-- Errors name people: none of their text goes further than this.
errors as (
    select
        id,
        {{ clean_code('error') }} as error_text
    from source
    where error is not null
),

recognised as (
    select
        errors.id,
        min(patterns.pattern_order) as pattern_order
    from errors
    inner join patterns on strpos(errors.error_text, patterns.pattern) > 0
    group by errors.id
),

categorised as (
    select
        errors.id,
        coalesce(patterns.error_category, 'other') as error_category
    from errors
    left join recognised on errors.id = recognised.id
    left join patterns on recognised.pattern_order = patterns.pattern_order
    where errors.error_text is not null
),

final as (
    select
        {{ identifier('source.id') }} as outreach_event_id,
        {{ identifier('source.campaign_id') }} as campaign_id,
        {{ identifier('source.customer_id') }} as customer_id,
        {{ listed_code('outreach_status', clean_code('source.status')) }} as status,
        categorised.error_category,
        categorised.id is not null as has_error,
        (
            {{ is_implausible_instant('source.created_at') }}
            or {{ is_implausible_instant('source.sent_at') }}
            or {{ is_implausible_instant('source.updated_at') }}
        ) as has_implausible_instant,
        {{ plausible_instant('source.created_at') }} as created_at,
        {{ plausible_instant('source.sent_at') }} as sent_at,
        {{ plausible_instant('source.updated_at') }} as updated_at,
        source._batch_seq,
        source._loaded_at
    from source
    left join categorised on source.id = categorised.id
)

select * from final
