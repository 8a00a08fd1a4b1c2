{{ config(
    materialized='incremental',
    unique_key='conversation_id',
    meta={'changed': 'int_whatsapp__changed_conversations'}
) }}
{{ clustered_by(['conversation_id', 'customer_hash'], month_of='started_date') }}

with

conversations as (
    select * from {{ ref('int_whatsapp__conversations') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

messages as (
    select * from {{ ref('fct_messages') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

responses as (
    select * from {{ ref('fct_responses') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

handoffs as (
    select * from {{ ref('fct_handoffs') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

versions as (
    select * from {{ ref('stg_whatsapp__conversation_versions') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

first_extraction as (
    select * from {{ ref('int_whatsapp__first_extraction') }}
),

followed as (
    select
        *,
        lag(status) over (
            partition by conversation_id
            order by _batch_seq
        ) as previous_status
    from versions
),

reopenings as (
    select distinct conversation_id
    from followed
    where
        not is_deleted
        and previous_status = 'resolved'
        and coalesce(status, 'unknown') <> 'resolved'
),

message_counts as (
    select
        conversation_id,
        count(*) as total_messages,
        count(case when sender_type = 'customer' then 1 end) as customer_messages,
        count(case when sender_type = 'llm' then 1 end) as llm_messages,
        count(case when sender_type = 'agent' then 1 end) as agent_messages,
        count(case when sender_type = 'other' then 1 end) as other_messages
    from messages
    group by conversation_id
),

first_responses as (
    select
        conversation_id,
        responder_type,
        response_seconds
    from responses
    where turn_number = 1
),

handoff_counts as (
    select
        conversation_id,
        count(*) as handoffs
    from handoffs
    group by conversation_id
),

joined as (
    select
        conversations.*,
        coalesce(message_counts.total_messages, 0) as total_messages,
        coalesce(message_counts.customer_messages, 0) as customer_messages,
        coalesce(message_counts.llm_messages, 0) as llm_messages,
        coalesce(message_counts.agent_messages, 0) as agent_messages,
        coalesce(message_counts.other_messages, 0) as other_messages,
        coalesce(handoff_counts.handoffs, 0) as handoffs,
        first_responses.responder_type as first_responder_type,
        first_responses.response_seconds as first_response_seconds,
        -- What was reopened before the log began is not known, neither is what was not.
        case
            when
                conversations.started_date >= {{ local_date(
                    'first_extraction.first_extracted_at', 'conversations.timezone'
                ) }}
                then reopenings.conversation_id is not null
        end as is_reopened
    from conversations
    inner join first_extraction
        on
            {{ source_of('whatsapp', 'conversations.conversation_id') }}
            = first_extraction.source_system
    left join message_counts
        on conversations.conversation_id = message_counts.conversation_id
    left join first_responses
        on conversations.conversation_id = first_responses.conversation_id
    left join handoff_counts
        on conversations.conversation_id = handoff_counts.conversation_id
    left join reopenings
        on conversations.conversation_id = reopenings.conversation_id
),

final as (
    select
        conversation_id,
        tenant_key,
        outlet_id,
        customer_hash,
        status,
        total_messages,
        customer_messages,
        llm_messages,
        agent_messages,
        other_messages,
        handoffs,
        duration_seconds,
        first_responder_type,
        first_response_seconds,
        has_invalid_duration,
        has_implausible_started_at,
        has_implausible_ended_at,
        has_tenant,
        handoffs > 0 as has_handoff,
        llm_messages > 0 as is_eligible_for_containment,
        llm_messages > 0
        and agent_messages = 0
        and handoffs = 0
        and status = 'resolved' as is_contained,
        is_reopened,
        started_date,
        started_at,
        ended_at,
        last_message_at
    from joined
)

select * from final
