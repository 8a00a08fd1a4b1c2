with

calendar as (
    select * from {{ ref('int_whatsapp__tenant_calendar') }}
),

conversations as (
    select * from {{ ref('int_whatsapp__conversations_by_period') }}
),

messages as (
    select * from {{ ref('int_whatsapp__messages_by_period') }}
),

handoffs as (
    select * from {{ ref('int_whatsapp__handoffs_by_period') }}
),

costs as (
    select * from {{ ref('int_whatsapp__costs_by_period') }}
),

responses as (
    select * from {{ ref('int_whatsapp__tenant_response_measures') }}
),

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

-- The four have the same rows: every outlet and period of the calendar.
summed as (
    select
        conversations.tenant_key,
        conversations.grain,
        conversations.period_start_date,
        cast(sum(conversations.total_conversations) as bigint) as total_conversations,
        cast(sum(messages.total_messages) as bigint) as total_messages,
        cast(sum(costs.total_cost) as numeric(38, 9)) as total_cost,
        cast(sum(messages.responses) as bigint) as responses,
        cast(sum(messages.total_response_seconds) as numeric(38, 9))
            as total_response_seconds,
        cast(sum(conversations.resolved_conversations) as bigint)
            as resolved_conversations,
        cast(sum(handoffs.total_handoffs) as bigint) as total_handoffs
    from conversations
    inner join messages
        on
            conversations.tenant_key = messages.tenant_key
            and conversations.outlet_id = messages.outlet_id
            and conversations.grain = messages.grain
            and conversations.period_start_date = messages.period_start_date
    inner join handoffs
        on
            conversations.tenant_key = handoffs.tenant_key
            and conversations.outlet_id = handoffs.outlet_id
            and conversations.grain = handoffs.grain
            and conversations.period_start_date = handoffs.period_start_date
    inner join costs
        on
            conversations.tenant_key = costs.tenant_key
            and conversations.outlet_id = costs.outlet_id
            and conversations.grain = costs.grain
            and conversations.period_start_date = costs.period_start_date
    group by
        conversations.tenant_key,
        conversations.grain,
        conversations.period_start_date
),

filled as (
    select
        calendar.tenant_key,
        tenants.tenant_name,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        coalesce(summed.total_conversations, 0) as total_conversations,
        coalesce(summed.total_messages, 0) as total_messages,
        cast(coalesce(summed.total_cost, 0) as numeric(38, 9)) as total_cost,
        coalesce(summed.responses, 0) as responses,
        cast(coalesce(summed.total_response_seconds, 0) as numeric(38, 9))
            as total_response_seconds,
        responses.p50_response_seconds,
        responses.p50_agent_response_seconds,
        coalesce(summed.resolved_conversations, 0) as resolved_conversations,
        coalesce(summed.total_handoffs, 0) as total_handoffs
    from calendar
    inner join tenants on calendar.tenant_key = tenants.tenant_key
    left join summed
        on
            calendar.tenant_key = summed.tenant_key
            and calendar.grain = summed.grain
            and calendar.period_start_date = summed.period_start_date
    left join responses
        on
            calendar.tenant_key = responses.tenant_key
            and calendar.grain = responses.grain
            and calendar.period_start_date = responses.period_start_date
),

final as (
    select
        *,
        {{ ratio('total_response_seconds', 'responses') }}
            as average_response_time_seconds,
        {{ ratio('resolved_conversations', 'total_conversations') }} as resolution_rate,
        {{ ratio('total_handoffs', 'total_conversations') }} as handoff_rate
    from filled
)

select * from final
