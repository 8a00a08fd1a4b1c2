with

facts as (
    select
        messages.tenant_key,
        count(*) as total_messages
    from {{ ref('fct_messages') }} as messages
    inner join {{ ref('int_whatsapp__tenants') }} as tenants
        on
            messages.tenant_key = tenants.tenant_key
            and messages.message_date <= tenants.local_date
    group by messages.tenant_key
)

select
    summary.tenant_key,
    summary.total_messages,
    facts.total_messages as total_messages_of_facts
from {{ ref('tenant_summary') }} as summary
full outer join facts on summary.tenant_key = facts.tenant_key
where coalesce(summary.total_messages, -1) <> coalesce(facts.total_messages, 0)
