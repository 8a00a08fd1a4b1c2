{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_whatsapp__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

responses as (
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
        responses.outlet_id,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        count(responses.response_seconds) as responses,
        cast(coalesce(sum(responses.response_seconds), 0) as numeric(38, 9))
            as total_response_seconds,
        {{ quantile('responses.response_seconds', 50) }} as p50_response_seconds,
        {{ quantile('responses.response_seconds', 90) }} as p90_response_seconds,
        count(case when not responses.is_answered then 1 end) as unanswered_turns
    from days
    inner join responses
        on
            days.tenant_key = responses.tenant_key
            and days.date_day = responses.opened_date
    group by
        days.tenant_key,
        responses.outlet_id,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
