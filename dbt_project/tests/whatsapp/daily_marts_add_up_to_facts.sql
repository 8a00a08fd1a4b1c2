{#
    Measure, the fact and its date, what is added of it; the mart, and what is added of that.
#}
{% set measures = [
    ['conversations', 'fct_conversations', 'started_date', 'count(*)',
        'conversations_daily', 'total_conversations'],
    ['first responses of agents', 'fct_conversations', 'started_date',
        "sum(case when first_responder_type = 'agent' then first_response_seconds end)",
        'conversations_daily', 'total_agent_first_response_seconds'],
    ['messages', 'fct_messages', 'message_date', 'count(*)',
        'messages_daily', 'total_messages'],
    ['cost', 'fct_messages', 'message_date',
        'sum(coalesce(llm_cost_amount, 0) + coalesce(whatsapp_cost_amount, 0))',
        'costs_daily', 'total_cost'],
    ['turns', 'fct_responses', 'opened_date', 'count(*)',
        'messages_daily', 'responses + unanswered_turns'],
    ['response seconds', 'fct_responses', 'opened_date', 'sum(response_seconds)',
        'messages_daily', 'total_response_seconds'],
    ['the same by who answered', 'fct_responses', 'opened_date', 'sum(response_seconds)',
        'messages_daily', 'total_llm_response_seconds + total_agent_response_seconds'],
    ['business seconds of agents', 'fct_responses', 'opened_date',
        "sum(case when responder_type = 'agent' then business_seconds end)",
        'messages_daily', 'total_agent_business_seconds'],
    ['handoffs', 'fct_handoffs', 'handoff_date', 'count(*)',
        'handoffs_daily', 'total_handoffs'],
    ['handoffs before the start', 'fct_handoffs', 'handoff_date',
        'count(case when has_invalid_time_to_handoff then 1 end)',
        'handoffs_daily', 'invalid_times_to_handoff'],
] -%}
with

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

facts as (
    {% for measure, fact, date, total, mart, total_of_mart in measures -%}
    {{ 'union all' if not loop.first }}
    select
        facts.tenant_key,
        '{{ measure }}' as measure,
        cast({{ total }} as numeric(38, 9)) as total
    from {{ ref(fact) }} as facts
    inner join tenants
        on
            facts.tenant_key = tenants.tenant_key
            and facts.{{ date }} <= tenants.local_date
    group by facts.tenant_key
    {% endfor %}
),

marts as (
    {% for measure, fact, date, total, mart, total_of_mart in measures -%}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        '{{ measure }}' as measure,
        cast(sum({{ total_of_mart }}) as numeric(38, 9)) as total
    from {{ ref(mart) }}
    group by tenant_key
    {% endfor %}
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
