with

messages as (
    select
        *,
        coalesce(model, 'default') as rated_model
    from {{ ref('int_whatsapp__messages') }}
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
        {{ decimal_product(
            decimal_product('messages.tokens_used', '0.001'),
            'llm_rates_of_days.rate_per_1000_tokens'
        ) }} as llm_cost_amount,
        message_rates_of_days.rate_per_message as whatsapp_cost_amount,
        messages.has_conversation,
        messages.is_handoff_request,
        messages.has_invalid_metadata,
        messages.has_invalid_tokens_used,
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
