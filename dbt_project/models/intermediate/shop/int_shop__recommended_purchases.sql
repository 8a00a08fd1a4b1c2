{{ config(
    materialized='incremental',
    unique_key='customer_key',
    meta={'changed': 'int_shop__changed_recommended_users'}
) }}
{{ clustered_by('customer_key', month_of='clicked_date') }}

with

events as (
    select * from {{ ref('fct_product_events') }}
    {{ where_changed('int_shop__changed_recommended_users', 'customer_key') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

clicks as (
    select * from events
    where event_type = 'view' and recommender is not null
),

-- A purchase that lies after the local day has not come yet.
purchases as (
    select events.*
    from events
    inner join tenants
        on
            events.tenant_key = tenants.tenant_key
            and events.event_date <= tenants.local_date
    where
        events.event_type = 'purchase'
        and events.product_id not in ({{ unknown_identifiers('shop') }})
),

-- The last of several clicks brought it; hours are elapsed ones, the last included.
followed as (
    select
        purchases.*,
        clicks.recommender as clicked_recommender,
        clicks.event_date as clicked_date,
        row_number() over (
            partition by purchases.event_id
            order by clicks.occurred_at desc, {{ sortable_id('clicks.event_id') }} desc
        ) as clicks_back
    from purchases
    inner join clicks
        on
            purchases.customer_key = clicks.customer_key
            and purchases.product_id = clicks.product_id
            and purchases.occurred_at >= clicks.occurred_at
    where
        {{ microseconds_between('clicks.occurred_at', 'purchases.occurred_at') }}
        <= {{ var('recommendation_window_hours') * 3600 * 1000000 }}
),

final as (
    select
        event_id,
        tenant_key,
        customer_key,
        clicked_recommender as recommender,
        user_id,
        revenue_amount,
        is_in_tenant_currency,
        has_unknown_price,
        clicked_date
    from followed
    where clicks_back = 1
)

select * from final
