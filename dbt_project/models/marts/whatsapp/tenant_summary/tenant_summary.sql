with

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

days as (
    select * from {{ ref('tenant_summary_daily') }}
),

summed as (
    select
        tenants.tenant_key,
        tenants.tenant_name,
        cast(coalesce(sum(days.total_conversations), 0) as bigint)
            as total_conversations,
        cast(coalesce(sum(days.total_messages), 0) as bigint) as total_messages,
        cast(coalesce(sum(days.total_cost), 0) as numeric(38, 9)) as total_cost,
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
        tenant_key,
        tenant_name,
        total_conversations,
        total_messages,
        {{ ratio('total_response_seconds', 'responses') }}
            as average_response_time_seconds,
        {{ ratio('resolved_conversations', 'total_conversations') }} as resolution_rate,
        {{ ratio('total_handoffs', 'total_conversations') }} as handoff_rate,
        total_cost,
        responses,
        total_response_seconds,
        resolved_conversations,
        total_handoffs
    from summed
)

select * from final
