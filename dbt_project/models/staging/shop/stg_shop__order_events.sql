{{ config(materialized='incremental', unique_key='event_id') }}
{{ clustered_by(['order_id', 'event_id']) }}
{{ waits_for('int_shop__build') }}

with

source as (
    select
        *,
        coalesce(
            {{ clean_text(json_text('data', 'currency_code')) }},
            {{ clean_text(json_text('data', 'currency')) }}
        ) as currency_field
    from {{ latest_versions('shop', 'order_events') }} as latest
    {{ evaluated_once() }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

named as (
    select
        *,
        {{ clean_currency(currency_in_json('currency_field')) }} as named_currency
    from source
    {{ evaluated_once() }}
),

final as (
    select
        {{ identifier('named.id') }} as event_id,
        {{ identifier('named.order_id') }} as order_id,
        {{ optional_identifier('named.user_id') }} as user_id,
        {{ clean_code('named.event_type') }} as event_type,
        {{ listed_code('payment_method', clean_code('named.payment_method')) }}
            as payment_method,
        case
            when named.named_currency is not null
                then coalesce(currencies.currency_code, '{{ var("unknown_id") }}')
        end as currency_code,
        {{ plausible_amount('named.order_total') }} as order_total,
        {{ plausible_count('named.items_count') }} as items_count,
        named.named_currency is not null and currencies.currency_code is null
            as has_unknown_currency,
        {{ is_implausible_amount('named.order_total') }} as has_implausible_order_total,
        {{ is_implausible_count('named.items_count') }} as has_implausible_items_count,
        {{ is_implausible_instant('named.timestamp') }} as has_implausible_occurred_at,
        {{ is_invalid_json_object('named.data') }} as has_invalid_data,
        {{ plausible_instant('named.timestamp') }} as occurred_at,
        named._batch_seq,
        named._loaded_at
    from named
    left join currencies on named.named_currency = currencies.currency_code
)

select * from final
