{{ config(materialized='incremental', unique_key='event_id') }}
{{ clustered_by(['user_id', 'event_id']) }}
{{ waits_for('int_shop__build') }}
{%- set texts = [
    'product_id', 'product_name', 'category', 'path', 'query', 'result_count',
    'referrer'
] -%}
{%- set codes = [
    'utm_source', 'utm_medium', 'utm_campaign', 'registration_method', 'recommender'
] %}

with

source as (
    select *
    from {{ latest_versions('shop', 'user_events') }} as latest
),

-- Step by step: as one expression it is deeper than BigQuery's parser answers for.
-- Only the columns that are wanted: raw may have others, of any name.
told as (
    select
        id,
        event_type,
        user_id,
        session_id,
        data,
        user_agent,
        timestamp,
        _batch_seq,
        _loaded_at,
        {% for name in texts -%}
        {{ payload_text(name) }} as {{ name }},
        {% endfor -%}
        {% for name in codes -%}
        {{ payload_code(name) }} as {{ name }},
        {% endfor -%}
        {{ clean_code('event_type') }} as kind
    from source
    {{ evaluated_once() }}
),

counted as (
    select
        told.*,
        {{ plausible_count(whole_number_from_text('told.result_count')) }}
            as plausible_result_count
    from told
    {{ evaluated_once() }}
),

final as (
    select
        {{ identifier('counted.id') }} as event_id,
        {{ optional_identifier('counted.user_id') }} as user_id,
        {{ optional_identifier('counted.session_id') }} as session_id,
        {{ session_scope('counted.session_id', 'counted.user_id', 'counted.id') }}
            as session_scope,
        counted.kind as event_type,
        {{ told_identifier('shop', 'counted.product_id', of='counted.id') }}
            as product_id,
        counted.product_name,
        counted.category,
        counted.path,
        {{ clean_text('substr(counted.query, 1, 200)') }} as search_term,
        counted.referrer,
        counted.utm_source,
        counted.utm_medium,
        counted.utm_campaign,
        {{ listed_code('registration_method', 'counted.registration_method') }}
            as registration_method,
        {{ listed_code('recommender', 'counted.recommender') }} as recommender,
        counted.plausible_result_count as result_count,
        coalesce(
            {{ regexp_matched(
                lower_case('counted.user_agent'), var('bot_user_agents')
            ) }}, false
        ) as has_bot_agent,
        {{ is_implausible_instant('counted.timestamp') }}
            as has_implausible_occurred_at,
        coalesce(
            counted.kind = 'search'
            and counted.result_count is not null
            and counted.plausible_result_count is null,
            false
        ) as has_implausible_result_count,
        {{ is_invalid_json_object('counted.data') }} as has_invalid_data,
        {{ plausible_instant('counted.timestamp') }} as occurred_at,
        counted._batch_seq,
        counted._loaded_at
    from counted
)

select * from final
