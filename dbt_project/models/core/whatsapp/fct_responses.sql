{{ config(
    materialized='incremental',
    unique_key='conversation_id',
    meta={'changed': 'int_whatsapp__changed_conversations'}
) }}
{{ clustered_by('conversation_id', month_of='opened_date') }}

with

messages as (
    select
        *,
        sender_type = 'customer' as is_customer,
        case when sender_type = 'customer' then 0 else 1 end as reply_count,
        {{ sortable_id('message_id') }} as message_order
    from {{ ref('fct_messages') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

ordered as (
    select
        *,
        -- A turn and the reply that closes it share a number: replies before this row.
        count(case when not is_customer then 1 end) over (
            partition by conversation_id
            order by sent_at, message_order
            rows between unbounded preceding and current row
        ) - reply_count as replies_before,
        coalesce(
            lag(sender_type) over (
                partition by conversation_id
                order by sent_at, message_order
            ), 'none'
        ) as previous_sender_type
    from messages
    where sender_type in ('customer', 'llm', 'agent')
),

turns as (
    select
        conversation_id,
        tenant_key,
        outlet_id,
        replies_before,
        max(
            case
                when is_customer and previous_sender_type <> 'customer' then message_id
            end
        ) as opening_message_id,
        max(case when not is_customer then message_id end) as response_message_id,
        max(case when not is_customer then sender_type end) as responder_type,
        count(case when is_customer then 1 end) as customer_messages,
        min(case when is_customer then message_date end) as opened_date,
        min(case when is_customer then sent_at end) as opened_at,
        max(case when not is_customer then sent_at end) as responded_at
    from ordered
    group by conversation_id, tenant_key, outlet_id, replies_before
),

final as (
    select
        opening_message_id,
        response_message_id,
        conversation_id,
        tenant_key,
        outlet_id,
        responder_type,
        row_number() over (
            partition by conversation_id
            order by replies_before
        ) as turn_number,
        customer_messages,
        {{ seconds_from_microseconds(
            microseconds_between('opened_at', 'responded_at')
        ) }} as response_seconds,
        response_message_id is not null as is_answered,
        opened_date,
        opened_at,
        responded_at
    from turns
    where customer_messages > 0
)

select * from final
