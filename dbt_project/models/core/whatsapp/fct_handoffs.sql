{{ config(
    materialized='incremental',
    unique_key='conversation_id',
    meta={'changed': 'int_whatsapp__changed_conversations'}
) }}
{{ clustered_by('conversation_id', month_of='handoff_date') }}

with

messages as (
    select
        *,
        -- What has no known time comes after all that has one.
        case when sent_at is null then 1 else 0 end as is_untimed,
        {{ sortable_id('message_id') }} as message_order
    from {{ ref('fct_messages') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

conversations as (
    select * from {{ ref('int_whatsapp__conversations') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

ordered as (
    select
        *,
        count(case when sender_type = 'agent' then 1 end) over (
            partition by conversation_id
            order by is_untimed, sent_at, message_order
            rows between unbounded preceding and current row
        ) as agent_messages_so_far
    from messages
    where is_handoff_request or sender_type = 'agent'
),

requests as (
    select
        *,
        count(*) over (
            partition by conversation_id, agent_messages_so_far
        ) as requests,
        row_number() over (
            partition by conversation_id, agent_messages_so_far
            order by is_untimed, sent_at, message_order
        ) as request_number
    from ordered
    where is_handoff_request
),

final as (
    select
        requests.message_id as handoff_message_id,
        requests.conversation_id,
        requests.tenant_key,
        requests.outlet_id,
        requests.handoff_trigger,
        requests.requests,
        case
            when requests.sent_at >= conversations.started_at
                then {{ seconds_from_microseconds(
                    microseconds_between(
                        'conversations.started_at', 'requests.sent_at'
                    )
                ) }}
        end as time_to_handoff_seconds,
        coalesce(requests.sent_at < conversations.started_at, false)
            as has_invalid_time_to_handoff,
        requests.message_date as handoff_date,
        requests.sent_at as handoff_at
    from requests
    left join conversations
        on requests.conversation_id = conversations.conversation_id
    where requests.request_number = 1
)

select * from final
