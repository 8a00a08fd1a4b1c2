with

periods as (
    select * from {{ ref('int_whatsapp__costs_by_period') }}
),

final as (
    select
        tenant_key,
        outlet_id,
        period_start_date,
        period_end_date,
        is_complete,
        total_llm_calls,
        total_tokens_used,
        total_llm_cost,
        total_whatsapp_cost,
        total_cost,
        active_conversations_count,
        total_conversations,
        cost_per_conversation
    from periods
    where grain = 'month'
)

select * from final
