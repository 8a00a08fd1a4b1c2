{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_whatsapp__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

conversations as (
    select
        *,
        case when first_responder_type = 'llm' then first_response_seconds end
            as llm_first_response_seconds,
        case when first_responder_type = 'agent' then first_response_seconds end
            as agent_first_response_seconds
    from {{ ref('fct_conversations') }}
    {{ where_measured('int_whatsapp__changed_periods', 'started_date') }}
),

days as (
    {{ days_to_measure(
        'int_whatsapp__changed_periods', ref('fct_conversations'), 'started_date'
    ) }}
),

final as (
    select
        days.tenant_key,
        conversations.outlet_id,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        count(*) as total_conversations,
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
        {% for who in ['', 'llm_', 'agent_'] -%}
        {%- set seconds = who ~ 'first_response_seconds' -%}
        count(conversations.{{ seconds }}) as {{ who }}first_responses,
        cast(coalesce(sum(conversations.{{ seconds }}), 0) as numeric(38, 9))
            as total_{{ seconds }},
        {{ quantile('conversations.' ~ seconds, 50) }} as p50_{{ seconds }},
        {{ quantile('conversations.' ~ seconds, 90) }} as p90_{{ seconds }},
        {% endfor -%}
        count(distinct conversations.customer_hash) as distinct_customers,
        count(case when conversations.is_eligible_for_containment then 1 end)
            as eligible_conversations,
        count(case when conversations.is_contained then 1 end)
            as contained_conversations,
        count(case when conversations.is_reopened then 1 end)
            as known_reopened_conversations,
        count(case when conversations.has_handoff then 1 end)
            as started_conversations_with_handoff
    from days
    inner join conversations
        on
            days.tenant_key = conversations.tenant_key
            and days.date_day = conversations.started_date
    group by
        days.tenant_key,
        conversations.outlet_id,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
