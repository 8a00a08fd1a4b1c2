{{ config(materialized='view') }}

with

events as (
    select * from {{ ref('fct_product_events') }}
),

purchases as (
    select * from {{ ref('int_shop__recommended_purchases') }}
),

final as (
    select
        event_id,
        tenant_key,
        recommender,
        'click' as movement,
        user_id,
        cast(null as numeric(38, 9)) as revenue_amount,
        cast(null as boolean) as is_in_tenant_currency,
        cast(null as boolean) as has_unknown_price,
        event_date as clicked_date
    from events
    where event_type = 'view' and recommender is not null
    union all
    select
        event_id,
        tenant_key,
        recommender,
        'purchase' as movement,
        user_id,
        revenue_amount,
        is_in_tenant_currency,
        has_unknown_price,
        clicked_date
    from purchases
)

select * from final
