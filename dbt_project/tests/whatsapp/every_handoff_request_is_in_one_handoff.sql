with

messages as (
    select
        conversation_id,
        count(*) as requests
    from {{ ref('fct_messages') }}
    where is_handoff_request
    group by conversation_id
),

handoffs as (
    select
        conversation_id,
        sum(requests) as requests
    from {{ ref('fct_handoffs') }}
    group by conversation_id
)

select
    messages.conversation_id,
    messages.requests,
    handoffs.requests as requests_in_handoffs
from messages
full outer join handoffs on messages.conversation_id = handoffs.conversation_id
where coalesce(messages.requests, 0) <> coalesce(handoffs.requests, 0)
