{{ config(
    materialized='incremental',
    unique_key='event_id',
    meta={'changed': 'int_consulting__changed_events'}
) }}
{{ clustered_by('event_id', month_of='event_date') }}

{% set named_aggregate = lower_case('substr(event_type, verb_length + 1)') %}
with

events as (
    select
        *,
        {{ dbt.position("'_'", 'event_type') }} as verb_length
    from {{ ref('stg_consulting__event_outbox') }}
    {{ where_changed('int_consulting__changed_events', 'event_id') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

-- INSERT_LEADS says what the event is about, even where aggregate_type does not.
typed as (
    select
        *,
        coalesce(
            aggregate_type,
            case
                when verb_length > 0
                    then nullif({{ named_aggregate }}, '')
            end,
            '{{ var("unknown_id") }}'
        ) as known_aggregate_type
    from events
),

final as (
    select
        typed.event_id,
        tenants.tenant_key,
        typed.aggregate_id,
        coalesce(typed.event_type, '{{ var("unknown_id") }}') as event_type,
        typed.known_aggregate_type as aggregate_type,
        typed.known_aggregate_type || ':' || typed.aggregate_id as aggregate_key,
        typed.payload_status,
        typed.has_invalid_payload,
        {{ local_date('typed.created_at', 'tenants.timezone') }} as event_date,
        typed.created_at,
        typed.processed_at
    from typed
    cross join tenants
)

select * from final
