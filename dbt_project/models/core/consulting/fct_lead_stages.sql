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
        tenants.local_date,
        coalesce(leads.owner, '{{ var("unknown_id") }}') as owner,
        coalesce(leads.lead_source, '{{ var("unknown_id") }}') as lead_source,
        stages.stage_order,
        coalesce(
            stages.outcome = 'open' and stages.stage_order < funnel.last_stage_order,
            false
        ) as has_next_stage,
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
    inner join tenants
        on
            {{ only_tenant_key('consulting', of='entries.lead_id') }}
            = tenants.tenant_key
    cross join funnel
    left join stages on entries.stage = stages.stage
    left join stages as next_stages on entries.next_stage = next_stages.stage
),

-- What a lead was before an entry tells nothing of whether it went further from there.
advances as (
    select
        placed.lead_id,
        placed.entry_number,
        min(later.entered_at) as reached_next_stage_at
    from placed
    inner join placed as later
        on
            placed.lead_id = later.lead_id
            and placed.entry_number < later.entry_number
            and placed.stage_order < later.stage_order
    where placed.has_next_stage
    group by
        placed.lead_id,
        placed.entry_number
),

dated as (
    select
        placed.*,
        advances.reached_next_stage_at,
        {{ local_date('placed.entered_at', 'placed.timezone') }} as entered_date,
        {{ local_date('placed.exited_at', 'placed.timezone') }} as exited_date,
        {{ local_date('advances.reached_next_stage_at', 'placed.timezone') }}
            as reached_next_stage_date
    from placed
    left join advances
        on
            placed.lead_id = advances.lead_id
            and placed.entry_number = advances.entry_number
),

final as (
    select
        lead_id,
        entry_number,
        tenant_key,
        stage,
        next_stage,
        owner,
        lead_source,
        stage_order,
        {{ seconds_from_microseconds(
            microseconds_between('entered_at', 'exited_at')
        ) }} as stage_seconds,
        has_next_stage,
        coalesce(reached_next_stage_date <= local_date, false)
            as has_reached_next_stage,
        coalesce(next_outcome = 'won', false) as is_exit_to_won,
        coalesce(next_outcome = 'lost', false) as is_exit_to_lost,
        entered_date,
        exited_date,
        entered_at,
        exited_at,
        reached_next_stage_at
    from dated
)

select * from final
