with

calendar as (
    select * from {{ ref('int_whatsapp__calendar') }}
),

messages as (
    select * from {{ ref('int_whatsapp__message_measures') }}
),

responses as (
    select * from {{ ref('int_whatsapp__response_measures') }}
),

filled as (
    select
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        coalesce(messages.total_messages, 0) as total_messages,
        coalesce(messages.customer_messages, 0) as customer_messages,
        coalesce(messages.llm_messages, 0) as llm_messages,
        coalesce(messages.agent_messages, 0) as agent_messages,
        coalesce(messages.other_messages, 0) as other_messages,
        coalesce(responses.responses, 0) as responses,
        coalesce(responses.llm_responses, 0) as llm_responses,
        coalesce(responses.agent_responses, 0) as agent_responses,
        {% for seconds in [
            'response_seconds',
            'llm_response_seconds',
            'agent_response_seconds',
            'agent_business_seconds',
        ] -%}
        cast(coalesce(responses.total_{{ seconds }}, 0) as numeric(38, 9))
            as total_{{ seconds }},
        responses.p50_{{ seconds }},
        responses.p90_{{ seconds }},
        {% endfor -%}
        coalesce(responses.unanswered_turns, 0) as unanswered_turns
    from calendar
    left join messages
        on
            calendar.tenant_key = messages.tenant_key
            and calendar.outlet_id = messages.outlet_id
            and calendar.grain = messages.grain
            and calendar.period_start_date = messages.period_start_date
    left join responses
        on
            calendar.tenant_key = responses.tenant_key
            and calendar.outlet_id = responses.outlet_id
            and calendar.grain = responses.grain
            and calendar.period_start_date = responses.period_start_date
),

final as (
    select
        *,
        {{ ratio('total_response_seconds', 'responses') }}
            as average_response_time_seconds,
        {{ ratio('total_llm_response_seconds', 'llm_responses') }}
            as average_llm_response_seconds,
        {{ ratio('total_agent_response_seconds', 'agent_responses') }}
            as average_agent_response_seconds,
        {{ ratio('total_agent_business_seconds', 'agent_responses') }}
            as average_agent_business_seconds
    from filled
)

select * from final
