with

messages as (
    select
        conversation_id,
        count(*) as customer_messages
    from {{ ref('fct_messages') }}
    where
        sender_type = 'customer'
        and sent_at is not null
    group by conversation_id
),

turns as (
    select
        conversation_id,
        sum(customer_messages) as customer_messages
    from {{ ref('fct_responses') }}
    group by conversation_id
)

select
    messages.conversation_id,
    messages.customer_messages,
    turns.customer_messages as customer_messages_in_turns
from messages
full outer join turns on messages.conversation_id = turns.conversation_id
where
    coalesce(messages.customer_messages, 0) <> coalesce(turns.customer_messages, 0)
