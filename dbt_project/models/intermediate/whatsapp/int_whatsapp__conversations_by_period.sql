with

calendar as (
    select * from {{ ref('int_whatsapp__calendar') }}
),

conversations as (
    select * from {{ ref('int_whatsapp__conversation_measures') }}
),

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

first_extraction as (
    select * from {{ ref('int_whatsapp__first_extraction') }}
),

filled as (
    select
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        coalesce(conversations.total_conversations, 0) as total_conversations,
        coalesce(conversations.active_conversations, 0) as active_conversations,
        coalesce(conversations.resolved_conversations, 0) as resolved_conversations,
        coalesce(conversations.handed_off_conversations, 0) as handed_off_conversations,
        coalesce(conversations.conversations_with_duration, 0)
            as conversations_with_duration,
        coalesce(conversations.total_duration_minutes, 0) as total_duration_minutes,
        coalesce(conversations.invalid_durations, 0) as invalid_durations,
        {% for response in [
            'first_response', 'llm_first_response', 'agent_first_response'
        ] -%}
        coalesce(conversations.{{ response }}s, 0) as {{ response }}s,
        coalesce(conversations.total_{{ response }}_seconds, 0)
            as total_{{ response }}_seconds,
        conversations.p50_{{ response }}_seconds,
        conversations.p90_{{ response }}_seconds,
        {% endfor -%}
        coalesce(conversations.distinct_customers, 0) as distinct_customers,
        coalesce(conversations.eligible_conversations, 0) as eligible_conversations,
        coalesce(conversations.contained_conversations, 0) as contained_conversations,
        coalesce(conversations.known_reopened_conversations, 0)
            as known_reopened_conversations,
        coalesce(conversations.started_conversations_with_handoff, 0)
            as started_conversations_with_handoff
    from calendar
    left join conversations
        on
            calendar.tenant_key = conversations.tenant_key
            and calendar.outlet_id = conversations.outlet_id
            and calendar.grain = conversations.grain
            and calendar.period_start_date = conversations.period_start_date
),

final as (
    select
        filled.*,
        {{ ratio('total_duration_minutes', 'conversations_with_duration') }}
            as average_duration_minutes,
        {{ ratio('resolved_conversations', 'total_conversations') }}
            as resolution_rate,
        {% for who in ['', 'llm_', 'agent_'] -%}
        {{ ratio(
            'total_' ~ who ~ 'first_response_seconds', who ~ 'first_responses'
        ) }} as average_{{ who }}first_response_seconds,
        {% endfor -%}
        {{ ratio('contained_conversations', 'eligible_conversations') }}
            as containment_rate,
        case
            when
                filled.period_end_date >= {{ local_date(
                    'first_extraction.first_extracted_at', 'tenants.timezone'
                ) }}
                then filled.known_reopened_conversations
        end as reopened_conversations
    from filled
    inner join tenants on filled.tenant_key = tenants.tenant_key
    cross join first_extraction
)

select * from final
