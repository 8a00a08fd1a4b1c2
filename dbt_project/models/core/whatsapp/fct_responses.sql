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

business_hours as (
    select * from {{ ref('int_whatsapp__business_hours') }}
),

clock_changes as (
    select * from {{ ref('int_whatsapp__clock_changes') }}
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
    -- What has no known time neither opens nor closes a turn.
    where
        sender_type in ('customer', 'llm', 'agent')
        and sent_at is not null
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

zones as (
    select distinct
        tenant_key,
        timezone
    from business_hours
),

answers as (
    select
        turns.opening_message_id,
        turns.tenant_key,
        zones.timezone,
        turns.opened_at,
        turns.responded_at
    from turns
    inner join zones on turns.tenant_key = zones.tenant_key
    where
        turns.customer_messages > 0
        and turns.response_message_id is not null
),

-- From where to where the wall clock went during the wait: in one go, but for what it
-- was put forward or back by.
readings as (
    select
        opening_message_id,
        tenant_key,
        -1 as direction,
        {{ local_microseconds('opened_at', 'timezone') }} as local_microseconds
    from answers
    union all
    select
        opening_message_id,
        tenant_key,
        1 as direction,
        {{ local_microseconds('responded_at', 'timezone') }} as local_microseconds
    from answers
    {% for side, direction in [('before', 1), ('after', -1)] -%}
    union all
    select
        answers.opening_message_id,
        answers.tenant_key,
        {{ direction }} as direction,
        clock_changes.local_microseconds_{{ side }} as local_microseconds
    from answers
    inner join clock_changes
        on
            answers.timezone = clock_changes.timezone
            and answers.opened_at < clock_changes.changed_at
            and answers.responded_at >= clock_changes.changed_at
    {% endfor -%}
),

business_times as (
    select
        readings.opening_message_id,
        cast(
            sum(
                readings.direction * {{ microseconds_of_weeks(
                    'readings.local_microseconds',
                    'business_hours.starts_minute',
                    'business_hours.ends_minute'
                ) }}
            ) as bigint
        ) as business_microseconds
    from readings
    inner join business_hours on readings.tenant_key = business_hours.tenant_key
    group by readings.opening_message_id
),

timed as (
    select
        turns.*,
        row_number() over (
            partition by turns.conversation_id
            order by turns.replies_before
        ) as turn_number,
        {{ seconds_from_microseconds(
            microseconds_between('turns.opened_at', 'turns.responded_at')
        ) }} as response_seconds,
        {{ seconds_from_microseconds('business_times.business_microseconds') }}
            as business_seconds
    from turns
    left join business_times
        on turns.opening_message_id = business_times.opening_message_id
    where turns.customer_messages > 0
),

final as (
    select
        opening_message_id,
        response_message_id,
        conversation_id,
        tenant_key,
        outlet_id,
        responder_type,
        turn_number,
        customer_messages,
        response_seconds,
        -- A tenant without business hours has them always.
        coalesce(business_seconds, response_seconds) as business_seconds,
        response_message_id is not null as is_answered,
        opened_date,
        opened_at,
        responded_at
    from timed
)

select * from final
