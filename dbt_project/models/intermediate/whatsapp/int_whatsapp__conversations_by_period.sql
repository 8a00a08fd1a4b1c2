with

calendar as (
    select * from {{ ref('int_whatsapp__calendar') }}
),

conversations as (
    select * from {{ ref('fct_conversations') }}
),

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

first_extraction as (
    select * from {{ ref('int_whatsapp__first_extraction') }}
),

measured as (
    select
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        count(conversations.conversation_id) as total_conversations,
        count(case when conversations.status = 'active' then 1 end)
            as active_conversations,
        count(case when conversations.status = 'resolved' then 1 end)
            as resolved_conversations,
        count(case when conversations.status = 'handed_off' then 1 end)
            as handed_off_conversations,
        count(conversations.duration_seconds) as conversations_with_duration,
        {{ ratio('coalesce(sum(conversations.duration_seconds), 0)', 60) }}
            as total_duration_minutes,
        count(case when conversations.has_invalid_duration then 1 end)
            as invalid_durations,
        count(conversations.first_response_seconds) as first_responses,
        cast(coalesce(sum(conversations.first_response_seconds), 0) as numeric(38, 9))
            as total_first_response_seconds,
        {{ quantile('conversations.first_response_seconds', 50) }}
            as p50_first_response_seconds,
        {{ quantile('conversations.first_response_seconds', 90) }}
            as p90_first_response_seconds,
        count(distinct conversations.customer_hash) as distinct_customers,
        count(case when conversations.is_eligible_for_containment then 1 end)
            as eligible_conversations,
        count(case when conversations.is_contained then 1 end)
            as contained_conversations,
        count(case when conversations.is_reopened then 1 end)
            as known_reopened_conversations,
        count(case when conversations.has_handoff then 1 end)
            as started_conversations_with_handoff
    from calendar
    left join conversations
        on
            calendar.tenant_key = conversations.tenant_key
            and calendar.outlet_id = conversations.outlet_id
            and calendar.date_day = conversations.started_date
    group by
        calendar.tenant_key,
        calendar.outlet_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete
),

final as (
    select
        measured.*,
        {{ ratio('total_duration_minutes', 'conversations_with_duration') }}
            as average_duration_minutes,
        {{ ratio('resolved_conversations', 'total_conversations') }}
            as resolution_rate,
        {{ ratio('total_first_response_seconds', 'first_responses') }}
            as average_first_response_seconds,
        {{ ratio('contained_conversations', 'eligible_conversations') }}
            as containment_rate,
        case
            when
                measured.period_end_date >= {{ local_date(
                    'first_extraction.first_extracted_at', 'tenants.timezone'
                ) }}
                then measured.known_reopened_conversations
        end as reopened_conversations
    from measured
    inner join tenants on measured.tenant_key = tenants.tenant_key
    cross join first_extraction
)

select * from final
