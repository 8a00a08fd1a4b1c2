{{ config(
    materialized='incremental',
    unique_key='conversation_id',
    meta={'changed': 'int_whatsapp__changed_conversations'}
) }}
{{ clustered_by('conversation_id', month_of='message_date') }}

with

staged as (
    select * from {{ ref('stg_whatsapp__messages') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

conversations as (
    select * from {{ ref('int_whatsapp__conversations') }}
    {{ where_changed('int_whatsapp__changed_conversations', 'conversation_id') }}
),

tenants as (
    select * from {{ ref('int_whatsapp__known_tenants') }}
),

placed as (
    select
        staged.message_id,
        staged.conversation_id,
        coalesce(
            conversations.tenant_key,
            {{ unknown_tenant_key('whatsapp', of='staged.message_id') }}
        ) as tenant_key,
        {{ known_identifier(
            'whatsapp', 'conversations.outlet_id', of='staged.message_id'
        ) }} as outlet_id,
        conversations.timezone,
        staged.model,
        staged.sender_type,
        staged.handoff_trigger,
        staged.tokens_used,
        staged.confidence,
        conversations.conversation_id is not null as has_conversation,
        staged.is_handoff_request,
        staged.has_invalid_metadata,
        staged.has_invalid_tokens_used,
        staged.has_implausible_sent_at,
        staged.sent_at
    from staged
    left join conversations on staged.conversation_id = conversations.conversation_id
),

messages as (
    select
        placed.message_id,
        placed.conversation_id,
        placed.tenant_key,
        placed.outlet_id,
        placed.model,
        coalesce(placed.model, 'default') as rated_model,
        case
            when placed.sender_type in ('customer', 'llm', 'agent')
                then placed.sender_type
            else 'other'
        end as sender_type,
        case
            when placed.handoff_trigger in ('keyword', 'confidence')
                then placed.handoff_trigger
            else 'other'
        end as handoff_trigger,
        case
            when placed.sender_type = 'llm' and placed.has_invalid_tokens_used then null
            when placed.sender_type = 'llm' then coalesce(placed.tokens_used, 0)
            else 0
        end as tokens_used,
        placed.confidence,
        placed.has_conversation,
        placed.is_handoff_request,
        placed.has_invalid_metadata,
        placed.has_invalid_tokens_used,
        placed.has_implausible_sent_at,
        {{ local_date(
            'placed.sent_at', "coalesce(placed.timezone, tenants.timezone, 'UTC')"
        ) }} as message_date,
        placed.sent_at
    from placed
    -- The time zone of messages without a conversation.
    left join tenants on placed.tenant_key = tenants.tenant_key
),

llm_rates as (
    select * from {{ ref('llm_rates') }}
),

message_rates as (
    select * from {{ ref('message_rates') }}
),

-- Rates are looked up once per day and model, not per message.
rated_days as (
    select distinct
        rated_model,
        message_date
    from messages
),

llm_rates_of_days as (
    select
        rated_days.rated_model,
        rated_days.message_date,
        coalesce(
            max(
                case
                    when llm_rates.model = rated_days.rated_model
                        then llm_rates.rate_per_1000_tokens
                end
            ),
            max(llm_rates.rate_per_1000_tokens)
        ) as rate_per_1000_tokens
    from rated_days
    inner join llm_rates
        on
            llm_rates.model in (rated_days.rated_model, 'default')
            and {{ is_valid_on('llm_rates', 'rated_days.message_date') }}
    group by
        rated_days.rated_model,
        rated_days.message_date
),

message_rates_of_days as (
    select
        rated_days.rated_model,
        rated_days.message_date,
        message_rates.currency_code,
        message_rates.rate_per_message
    from rated_days
    inner join message_rates
        on {{ is_valid_on('message_rates', 'rated_days.message_date') }}
),

final as (
    select
        messages.message_id,
        messages.conversation_id,
        messages.tenant_key,
        messages.outlet_id,
        messages.sender_type,
        messages.model,
        messages.handoff_trigger,
        message_rates_of_days.currency_code,
        messages.tokens_used,
        messages.confidence,
        {{ plausible_product(
            decimal_product('messages.tokens_used', '0.001'),
            'llm_rates_of_days.rate_per_1000_tokens'
        ) }} as llm_cost_amount,
        message_rates_of_days.rate_per_message as whatsapp_cost_amount,
        messages.has_conversation,
        messages.is_handoff_request,
        messages.has_invalid_metadata,
        messages.has_invalid_tokens_used,
        messages.has_implausible_sent_at,
        messages.message_date,
        messages.sent_at
    from messages
    left join llm_rates_of_days
        on
            messages.rated_model = llm_rates_of_days.rated_model
            and messages.message_date = llm_rates_of_days.message_date
    left join message_rates_of_days
        on
            messages.rated_model = message_rates_of_days.rated_model
            and messages.message_date = message_rates_of_days.message_date
)

select * from final
