{{ config(materialized='incremental', unique_key='event_id') }}
{{ clustered_by('event_id') }}
{{ waits_for('int_shop__build') }}

with

source as (
    select
        *,
        coalesce(
            {{ clean_text(json_text('data', 'currency_code')) }},
            {{ clean_text(json_text('data', 'currency')) }}
        ) as currency_field
    from {{ latest_versions('shop', 'product_events') }} as latest
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

measured as (
    select
        *,
        {{ payload_text('product_name') }} as told_product_name,
        {{ payload_text('category') }} as told_category,
        {{ payload_code('recommender') }} as told_recommender,
        {{ clean_code('event_type') }} as kind,
        {{ plausible_count('quantity') }} as plausible_quantity,
        {{ plausible_amount('price') }} as plausible_price
    from named
    {{ evaluated_once() }}
),

final as (
    select
        {{ identifier('measured.id') }} as event_id,
        {{ optional_identifier('measured.product_id') }} as product_id,
        {{ optional_identifier('measured.user_id') }} as user_id,
        measured.kind as event_type,
        measured.told_product_name as product_name,
        measured.told_category as category,
        {{ listed_code('recommender', 'measured.told_recommender') }} as recommender,
        case
            when measured.named_currency is not null
                then coalesce(currencies.currency_code, '{{ var("unknown_id") }}')
        end as currency_code,
        measured.plausible_quantity as quantity,
        measured.plausible_price as price,
        measured.named_currency is not null and currencies.currency_code is null
            as has_unknown_currency,
        {{ is_implausible_count('measured.quantity') }} as has_implausible_quantity,
        {{ is_implausible_amount('measured.price') }} as has_implausible_price,
        coalesce(measured.kind = 'purchase', false)
        and {{ is_implausible_product(
            'coalesce(measured.plausible_quantity, 1)', 'measured.plausible_price'
        ) }} as has_implausible_revenue,
        {{ is_implausible_instant('measured.timestamp') }}
            as has_implausible_occurred_at,
        {{ is_invalid_json_object('measured.data') }} as has_invalid_data,
        {{ plausible_instant('measured.timestamp') }} as occurred_at,
        measured._batch_seq,
        measured._loaded_at
    from measured
    left join currencies on measured.named_currency = currencies.currency_code
)

select * from final
