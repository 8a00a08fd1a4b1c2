with

calendar as (
    select * from {{ ref('int_consulting__lead_funnel_calendar') }}
),

measures as (
    select * from {{ ref('int_consulting__lead_funnel_measures') }}
),

measured as (
    select
        calendar.tenant_key,
        calendar.stage,
        calendar.owner,
        calendar.lead_source,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        coalesce(measures.stage_entries, 0) as stage_entries,
        coalesce(measures.leads_entered, 0) as leads_entered,
        coalesce(measures.leads_exited, 0) as leads_exited,
        coalesce(measures.leads_won, 0) as leads_won,
        coalesce(measures.leads_lost, 0) as leads_lost,
        cast(coalesce(measures.total_stage_hours, 0) as numeric(38, 9))
            as total_stage_hours,
        coalesce(measures.convertible_leads, 0) as convertible_leads,
        coalesce(measures.leads_reaching_next_stage, 0) as leads_reaching_next_stage
    from calendar
    left join measures
        on
            calendar.tenant_key = measures.tenant_key
            and calendar.stage = measures.stage
            and calendar.owner = measures.owner
            and calendar.lead_source = measures.lead_source
            and calendar.grain = measures.grain
            and calendar.period_start_date = measures.period_start_date
),

final as (
    select
        *,
        {{ ratio('total_stage_hours', 'leads_exited') }} as average_stage_hours,
        {{ ratio('leads_reaching_next_stage', 'convertible_leads') }}
            as stage_conversion_rate
    from measured
)

select * from final
