{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_whatsapp__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

handoffs as (
    select * from {{ ref('fct_handoffs') }}
    {{ where_measured('int_whatsapp__changed_periods', 'handoff_date') }}
),

days as (
    {{ days_to_measure(
        'int_whatsapp__changed_periods', ref('fct_handoffs'), 'handoff_date'
    ) }}
),

final as (
    select
        days.tenant_key,
        handoffs.outlet_id,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        count(*) as total_handoffs,
        count(case when handoffs.handoff_trigger = 'keyword' then 1 end)
            as keyword_triggered,
        count(case when handoffs.handoff_trigger = 'confidence' then 1 end)
            as confidence_triggered,
        count(case when handoffs.handoff_trigger = 'other' then 1 end)
            as other_triggered,
        count(distinct handoffs.conversation_id) as conversations_with_handoff,
        count(handoffs.time_to_handoff_seconds) as timed_handoffs,
        count(case when handoffs.has_invalid_time_to_handoff then 1 end)
            as invalid_times_to_handoff,
        {{ ratio('coalesce(sum(handoffs.time_to_handoff_seconds), 0)', 60) }}
            as total_time_to_handoff_minutes
    from days
    inner join handoffs
        on
            days.tenant_key = handoffs.tenant_key
            and days.date_day = handoffs.handoff_date
    group by
        days.tenant_key,
        handoffs.outlet_id,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
