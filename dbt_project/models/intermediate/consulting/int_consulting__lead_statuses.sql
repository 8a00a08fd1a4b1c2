{{ config(
    materialized='incremental',
    unique_key='lead_id',
    meta={'changed': 'int_consulting__changed_leads'}
) }}
{{ clustered_by('lead_id') }}

with

leads as (
    select * from {{ ref('stg_consulting__leads') }}
    {{ where_changed('int_consulting__changed_leads', 'lead_id') }}
),

versions as (
    select * from {{ ref('stg_consulting__lead_versions') }}
    {{ where_changed('int_consulting__changed_leads', 'lead_id') }}
),

events_of_leads as (
    select
        *,
        aggregate_id as lead_id
    from {{ ref('fct_crm_events') }}
    where aggregate_type in ('lead', 'leads')
),

events as (
    select * from events_of_leads
    {{ where_changed('int_consulting__changed_leads', 'lead_id') }}
),

deletions as (
    select
        lead_id,
        max(_batch_seq) as last_deletion_seq
    from versions
    where is_deleted
    group by lead_id
),

observations as (
    select
        lead_id,
        payload_status as status,
        'event' as origin,
        {{ sortable_id('event_id') }} as event_order,
        0 as version_order,
        created_at as observed_at
    from events
    where
        payload_status is not null
        and created_at is not null
    union all
    select
        versions.lead_id,
        versions.status,
        'version' as origin,
        '' as event_order,
        versions._batch_seq as version_order,
        versions.updated_at as observed_at
    from versions
    left join deletions
        on versions.lead_id = deletions.lead_id
    where
        not versions.is_deleted
        and versions._batch_seq > coalesce(deletions.last_deletion_seq, -1)
        and versions.status is not null
        and versions.updated_at is not null
),

-- Of observations of one instant, events come first: they tell every step.
ordered as (
    select
        lead_id,
        status,
        origin,
        observed_at,
        row_number() over (
            partition by lead_id
            order by observed_at, origin, event_order, version_order
        ) as observation_number
    from observations
),

-- A version repeats what the event of the same instant said.
told as (
    select
        lead_id,
        status,
        observed_at,
        min(origin) as origin,
        min(observation_number) as observation_number
    from ordered
    group by
        lead_id,
        status,
        observed_at
),

final as (
    select
        leads.lead_id,
        coalesce(told.status, leads.status, '{{ var("unknown_id") }}') as status,
        coalesce(told.origin, 'row') as origin,
        coalesce(told.observation_number, 1) as observation_number,
        coalesce(told.observed_at, leads.updated_at, leads.created_at) as observed_at
    from leads
    left join told
        on leads.lead_id = told.lead_id
)

select * from final
