{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_whatsapp__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

turns as (
    select
        *,
        case when responder_type = 'agent' then response_seconds end
            as agent_response_seconds
    from {{ ref('fct_responses') }}
    {{ where_measured('int_whatsapp__changed_periods', 'opened_date') }}
),

days as (
    {{ days_to_measure(
        'int_whatsapp__changed_periods', ref('fct_responses'), 'opened_date'
    ) }}
),

final as (
    select
        days.tenant_key,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        {{ quantile('turns.response_seconds', 50) }} as p50_response_seconds,
        {{ quantile('turns.agent_response_seconds', 50) }} as p50_agent_response_seconds
    from days
    inner join turns
        on
            days.tenant_key = turns.tenant_key
            and days.date_day = turns.opened_date
    where turns.is_answered
    group by
        days.tenant_key,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
