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

dated as (
    select
        typed.*,
        tenants.tenant_key,
        tenants.local_date,
        {{ local_date('typed.created_at', 'tenants.timezone') }} as event_date,
        {{ local_date('typed.processed_at', 'tenants.timezone') }} as processed_date
    from typed
    inner join tenants
        on {{ only_tenant_key('consulting', of='typed.event_id') }} = tenants.tenant_key
),

-- What will have been processed only after the tenant's local day is not yet.
placed as (
    select
        *,
        coalesce(processed_date <= local_date, false) as is_processed
    from dated
),

final as (
    select
        event_id,
        tenant_key,
        aggregate_id,
        coalesce(event_type, '{{ var("unknown_id") }}') as event_type,
        known_aggregate_type as aggregate_type,
        known_aggregate_type || ':' || aggregate_id as aggregate_key,
        payload_status,
        case
            when is_processed and processed_at >= created_at
                then {{ seconds_from_microseconds(
                    microseconds_between('created_at', 'processed_at')
                ) }}
        end as latency_seconds,
        has_invalid_payload,
        is_processed,
        coalesce(is_processed and processed_at < created_at, false)
            as has_invalid_latency,
        event_date,
        processed_date,
        -- An event that was processed before it was written has never waited.
        case
            when event_date > processed_date then event_date
            when event_date <= processed_date then processed_date
        end as handled_date,
        created_at,
        processed_at
    from placed
)

select * from final
