with

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

days as (
    select * from {{ ref('tenant_summary_daily') }}
),

responses as (
    select * from {{ ref('int_whatsapp__tenant_lifetime_responses') }}
),

summed as (
    select
        tenants.tenant_key,
        tenants.tenant_name,
        cast(coalesce(sum(days.total_conversations), 0) as bigint)
            as total_conversations,
        cast(coalesce(sum(days.total_messages), 0) as bigint) as total_messages,
        {% for cost in ['total_cost', 'total_llm_cost', 'total_whatsapp_cost'] -%}
        cast(coalesce(sum(days.{{ cost }}), 0) as numeric(38, 9)) as {{ cost }},
        {% endfor -%}
        cast(coalesce(sum(days.responses), 0) as bigint) as responses,
        cast(coalesce(sum(days.total_response_seconds), 0) as numeric(38, 9))
            as total_response_seconds,
        cast(coalesce(sum(days.resolved_conversations), 0) as bigint)
            as resolved_conversations,
        cast(coalesce(sum(days.total_handoffs), 0) as bigint) as total_handoffs
    from tenants
    left join days on tenants.tenant_key = days.tenant_key
    group by
        tenants.tenant_key,
        tenants.tenant_name
),

final as (
    select
        summed.tenant_key,
        summed.tenant_name,
        summed.total_conversations,
        summed.total_messages,
        {{ ratio('summed.total_response_seconds', 'summed.responses') }}
            as average_response_time_seconds,
        responses.p50_response_seconds,
        responses.p50_agent_response_seconds,
        {{ ratio('summed.resolved_conversations', 'summed.total_conversations') }}
            as resolution_rate,
        {{ ratio('summed.total_handoffs', 'summed.total_conversations') }}
            as handoff_rate,
        summed.total_llm_cost,
        summed.total_whatsapp_cost,
        summed.total_cost,
        summed.responses,
        summed.total_response_seconds,
        summed.resolved_conversations,
        summed.total_handoffs
    from summed
    left join responses on summed.tenant_key = responses.tenant_key
)

select * from final
