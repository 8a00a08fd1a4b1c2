{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_whatsapp__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

messages as (
    select * from {{ ref('fct_messages') }}
    {{ where_measured('int_whatsapp__changed_periods', 'message_date') }}
),

days as (
    {{ days_to_measure(
        'int_whatsapp__changed_periods', ref('fct_messages'), 'message_date'
    ) }}
),

final as (
    select
        days.tenant_key,
        messages.outlet_id,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        count(*) as total_messages,
        count(case when messages.sender_type = 'customer' then 1 end)
            as customer_messages,
        count(case when messages.sender_type = 'llm' then 1 end) as llm_messages,
        count(case when messages.sender_type = 'agent' then 1 end) as agent_messages,
        count(case when messages.sender_type = 'other' then 1 end) as other_messages,
        cast(coalesce(sum(messages.tokens_used), 0) as bigint) as total_tokens_used,
        cast(coalesce(sum(messages.llm_cost_amount), 0) as numeric(38, 9))
            as total_llm_cost,
        cast(coalesce(sum(messages.whatsapp_cost_amount), 0) as numeric(38, 9))
            as total_whatsapp_cost,
        count(distinct messages.conversation_id) as active_conversations_count
    from days
    inner join messages
        on
            days.tenant_key = messages.tenant_key
            and days.date_day = messages.message_date
    group by
        days.tenant_key,
        messages.outlet_id,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
