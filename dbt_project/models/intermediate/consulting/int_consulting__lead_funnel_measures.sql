{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_consulting__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

stages as (
    select * from {{ ref('fct_lead_stages') }}
),

-- A stay is counted twice: where the lead entered, and where it left.
moves as (
    select
        tenant_key,
        stage,
        owner,
        lead_source,
        lead_id as entering_lead_id,
        case when has_next_stage then lead_id end as convertible_lead_id,
        case when has_reached_next_stage then lead_id end as reaching_lead_id,
        cast(null as {{ dbt.type_string() }}) as exiting_lead_id,
        cast(null as {{ dbt.type_string() }}) as won_lead_id,
        cast(null as {{ dbt.type_string() }}) as lost_lead_id,
        cast(0 as numeric(38, 9)) as stage_seconds,
        entered_date as move_date
    from stages
    union all
    select
        tenant_key,
        stage,
        owner,
        lead_source,
        cast(null as {{ dbt.type_string() }}) as entering_lead_id,
        cast(null as {{ dbt.type_string() }}) as convertible_lead_id,
        cast(null as {{ dbt.type_string() }}) as reaching_lead_id,
        lead_id as exiting_lead_id,
        case when is_exit_to_won then lead_id end as won_lead_id,
        case when is_exit_to_lost then lead_id end as lost_lead_id,
        stage_seconds,
        exited_date as move_date
    from stages
    where exited_at is not null
),

days as (
    {{ days_to_measure('int_consulting__changed_periods', 'moves', 'move_date') }}
),

final as (
    select
        moves.tenant_key,
        moves.stage,
        moves.owner,
        moves.lead_source,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        count(moves.entering_lead_id) as stage_entries,
        count(distinct moves.entering_lead_id) as leads_entered,
        count(distinct moves.exiting_lead_id) as leads_exited,
        count(distinct moves.won_lead_id) as leads_won,
        count(distinct moves.lost_lead_id) as leads_lost,
        {{ ratio('sum(moves.stage_seconds)', 3600) }} as total_stage_hours,
        count(distinct moves.convertible_lead_id) as convertible_leads,
        count(distinct moves.reaching_lead_id) as leads_reaching_next_stage
    from days
    inner join moves
        on
            days.tenant_key = moves.tenant_key
            and days.date_day = moves.move_date
    group by
        moves.tenant_key,
        moves.stage,
        moves.owner,
        moves.lead_source,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
