{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_whatsapp__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

turns as (
    select * from {{ ref('fct_responses') }}
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
        turns.outlet_id,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        count(turns.response_seconds) as responses,
        cast(coalesce(sum(turns.response_seconds), 0) as numeric(38, 9))
            as total_response_seconds,
        {{ quantile('turns.response_seconds', 50) }} as p50_response_seconds,
        {{ quantile('turns.response_seconds', 90) }} as p90_response_seconds,
        count(case when not turns.is_answered then 1 end) as unanswered_turns
    from days
    inner join turns
        on
            days.tenant_key = turns.tenant_key
            and days.date_day = turns.opened_date
    group by
        days.tenant_key,
        turns.outlet_id,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
