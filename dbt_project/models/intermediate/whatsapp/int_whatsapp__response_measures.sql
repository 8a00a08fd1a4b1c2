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
        case when responder_type = 'llm' then response_seconds end
            as llm_response_seconds,
        case when responder_type = 'agent' then response_seconds end
            as agent_response_seconds,
        case when responder_type = 'agent' then business_seconds end
            as agent_business_seconds
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
        turns.outlet_id,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        count(turns.response_seconds) as responses,
        count(turns.llm_response_seconds) as llm_responses,
        count(turns.agent_response_seconds) as agent_responses,
        {% for seconds in [
            'response_seconds',
            'llm_response_seconds',
            'agent_response_seconds',
            'agent_business_seconds',
        ] -%}
        cast(coalesce(sum(turns.{{ seconds }}), 0) as numeric(38, 9))
            as total_{{ seconds }},
        {{ quantile('turns.' ~ seconds, 50) }} as p50_{{ seconds }},
        {{ quantile('turns.' ~ seconds, 90) }} as p90_{{ seconds }},
        {% endfor -%}
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
