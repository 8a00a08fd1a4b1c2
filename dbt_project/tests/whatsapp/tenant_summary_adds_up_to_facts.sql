with

facts as (
    select
        tenant_key,
        count(*) as total_messages
    from {{ ref('fct_messages') }}
    group by tenant_key
)

select
    summary.tenant_key,
    summary.total_messages,
    facts.total_messages as total_messages_of_facts
from {{ ref('tenant_summary') }} as summary
full outer join facts on summary.tenant_key = facts.tenant_key
where coalesce(summary.total_messages, -1) <> coalesce(facts.total_messages, 0)
