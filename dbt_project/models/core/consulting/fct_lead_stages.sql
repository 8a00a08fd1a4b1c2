{{ config(
    materialized='incremental',
    unique_key='lead_id',
    meta={'changed': 'int_consulting__changed_leads'}
) }}
{{ clustered_by('lead_id', month_of='entered_date') }}

with

statuses as (
    select * from {{ ref('int_consulting__lead_statuses') }}
    {{ where_changed('int_consulting__changed_leads', 'lead_id') }}
),

leads as (
    select * from {{ ref('stg_consulting__leads') }}
    {{ where_changed('int_consulting__changed_leads', 'lead_id') }}
),

stages as (
    select * from {{ ref('lead_stages') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

funnel as (
    select
        min(stage_order) as first_stage_order,
        max(stage_order) as last_stage_order
    from stages
),

compared as (
    select
        *,
        lag(status) over (
            partition by lead_id
            order by observation_number
        ) as previous_status
    from statuses
),

entries as (
    select
        lead_id,
        status as stage,
        observed_at,
        row_number() over (
            partition by lead_id
            order by observation_number
        ) as entry_number,
        lead(status) over (
            partition by lead_id
            order by observation_number
        ) as next_stage,
        lead(observed_at) over (
            partition by lead_id
            order by observation_number
        ) as exited_at
    from compared
    where previous_status is null or previous_status <> status
),

placed as (
    select
        entries.*,
        tenants.tenant_key,
        tenants.timezone,
        stages.stage_order,
        coalesce(
            stages.outcome = 'open' and stages.stage_order < funnel.last_stage_order,
            false
        ) as has_next_stage,
        coalesce(
            max(stages.stage_order) over (partition by entries.lead_id)
            > stages.stage_order,
            false
        ) as went_further,
        next_stages.outcome as next_outcome,
        -- A lead begins in the first stage when it is created.
        case
            when
                entries.entry_number = 1
                and stages.stage_order = funnel.first_stage_order
                and leads.created_at < entries.observed_at
                then leads.created_at
            else entries.observed_at
        end as entered_at
    from entries
    inner join leads on entries.lead_id = leads.lead_id
    cross join tenants
    cross join funnel
    left join stages on entries.stage = stages.stage
    left join stages as next_stages on entries.next_stage = next_stages.stage
),

final as (
    select
        lead_id,
        entry_number,
        tenant_key,
        stage,
        next_stage,
        stage_order,
        {{ seconds_from_microseconds(
            microseconds_between('entered_at', 'exited_at')
        ) }} as stage_seconds,
        has_next_stage,
        has_next_stage and went_further as has_reached_next_stage,
        coalesce(next_outcome = 'won', false) as is_exit_to_won,
        coalesce(next_outcome = 'lost', false) as is_exit_to_lost,
        {{ local_date('entered_at', 'timezone') }} as entered_date,
        {{ local_date('exited_at', 'timezone') }} as exited_date,
        entered_at,
        exited_at
    from placed
)

select * from final
