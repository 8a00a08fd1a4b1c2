with

facts as (
    select
        tenant_key,
        'conversations' as measure,
        count(*) as total
    from {{ ref('fct_conversations') }}
    group by tenant_key
    union all
    select
        tenant_key,
        'messages' as measure,
        count(*) as total
    from {{ ref('fct_messages') }}
    group by tenant_key
    union all
    select
        tenant_key,
        'cost' as measure,
        sum(llm_cost_amount + whatsapp_cost_amount) as total
    from {{ ref('fct_messages') }}
    group by tenant_key
    union all
    select
        tenant_key,
        'turns' as measure,
        count(*) as total
    from {{ ref('fct_responses') }}
    group by tenant_key
    union all
    select
        tenant_key,
        'response seconds' as measure,
        coalesce(sum(response_seconds), 0) as total
    from {{ ref('fct_responses') }}
    group by tenant_key
    union all
    select
        tenant_key,
        'handoffs' as measure,
        count(*) as total
    from {{ ref('fct_handoffs') }}
    group by tenant_key
),

marts as (
    select
        tenant_key,
        'conversations' as measure,
        sum(total_conversations) as total
    from {{ ref('conversations_daily') }}
    group by tenant_key
    union all
    select
        tenant_key,
        'messages' as measure,
        sum(total_messages) as total
    from {{ ref('messages_daily') }}
    group by tenant_key
    union all
    select
        tenant_key,
        'cost' as measure,
        sum(total_cost) as total
    from {{ ref('costs_daily') }}
    group by tenant_key
    union all
    select
        tenant_key,
        'turns' as measure,
        sum(responses + unanswered_turns) as total
    from {{ ref('messages_daily') }}
    group by tenant_key
    union all
    select
        tenant_key,
        'response seconds' as measure,
        sum(total_response_seconds) as total
    from {{ ref('messages_daily') }}
    group by tenant_key
    union all
    select
        tenant_key,
        'handoffs' as measure,
        sum(total_handoffs) as total
    from {{ ref('handoffs_daily') }}
    group by tenant_key
)

select
    coalesce(facts.tenant_key, marts.tenant_key) as tenant_key,
    coalesce(facts.measure, marts.measure) as measure,
    facts.total as total_of_facts,
    marts.total as total_of_days
from facts
full outer join marts
    on
        facts.tenant_key = marts.tenant_key
        and facts.measure = marts.measure
where coalesce(facts.total, 0) <> coalesce(marts.total, 0)
