with

calendar as (
    select * from {{ ref('int_whatsapp__calendar') }}
),

messages as (
    select * from {{ ref('fct_messages') }}
),

responses as (
    select * from {{ ref('fct_responses') }}
),

message_counts as (
    select
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        count(messages.message_id) as total_messages,
        count(case when messages.sender_type = 'customer' then 1 end)
            as customer_messages,
        count(case when messages.sender_type = 'llm' then 1 end) as llm_messages,
        count(case when messages.sender_type = 'agent' then 1 end) as agent_messages,
        count(case when messages.sender_type = 'other' then 1 end) as other_messages
    from calendar
    left join messages
        on
            calendar.tenant_key = messages.tenant_key
            and calendar.outlet_id = messages.outlet_id
            and calendar.date_day = messages.message_date
    group by
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete
),

response_times as (
    select
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date,
        count(responses.response_seconds) as responses,
        cast(coalesce(sum(responses.response_seconds), 0) as numeric(38, 9))
            as total_response_seconds,
        {{ quantile('responses.response_seconds', 50) }} as p50_response_seconds,
        {{ quantile('responses.response_seconds', 90) }} as p90_response_seconds,
        count(case when not responses.is_answered then 1 end) as unanswered_turns
    from calendar
    left join responses
        on
            calendar.tenant_key = responses.tenant_key
            and calendar.outlet_id = responses.outlet_id
            and calendar.date_day = responses.opened_date
    group by
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date
),

final as (
    select
        message_counts.*,
        response_times.responses,
        response_times.total_response_seconds,
        {{ ratio('response_times.total_response_seconds', 'response_times.responses') }}
            as average_response_time_seconds,
        response_times.p50_response_seconds,
        response_times.p90_response_seconds,
        response_times.unanswered_turns
    from message_counts
    inner join response_times
        on
            message_counts.tenant_key = response_times.tenant_key
            and message_counts.outlet_id = response_times.outlet_id
            and message_counts.grain = response_times.grain
            and message_counts.period_start_date = response_times.period_start_date
)

select * from final
