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
        1 as entered,
        case when has_next_stage then 1 else 0 end as convertible,
        case when has_reached_next_stage then 1 else 0 end as converted,
        0 as exited,
        0 as won,
        0 as lost,
        cast(0 as numeric(38, 9)) as stage_seconds,
        entered_date as move_date
    from stages
    union all
    select
        tenant_key,
        stage,
        0 as entered,
        0 as convertible,
        0 as converted,
        1 as exited,
        case when is_exit_to_won then 1 else 0 end as won,
        case when is_exit_to_lost then 1 else 0 end as lost,
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
        days.grain,
        days.period_start_date,
        days.period_end_date,
        cast(sum(moves.entered) as bigint) as leads_entered,
        cast(sum(moves.exited) as bigint) as leads_exited,
        cast(sum(moves.won) as bigint) as leads_won,
        cast(sum(moves.lost) as bigint) as leads_lost,
        {{ ratio('sum(moves.stage_seconds)', 3600) }} as total_stage_hours,
        cast(sum(moves.convertible) as bigint) as convertible_leads,
        cast(sum(moves.converted) as bigint) as converted_leads
    from days
    inner join moves
        on
            days.tenant_key = moves.tenant_key
            and days.date_day = moves.move_date
    group by
        moves.tenant_key,
        moves.stage,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
