{{ config(
    materialized='incremental',
    unique_key='event_id',
    meta={'changed': 'int_shop__changed_product_events'}
) }}
{{ clustered_by(['event_id', 'customer_key', 'product_id'], month_of='event_date') }}

with

events as (
    select
        *,
        coalesce(event_type = 'purchase', false) as is_purchase,
        case when event_type = 'purchase' then coalesce(quantity, 1) end as units_sold
    from {{ ref('stg_shop__product_events') }}
    {{ where_changed('int_shop__changed_product_events', 'event_id') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

final as (
    select
        events.event_id,
        tenants.tenant_key,
        {{ source_key('shop', 'events.user_id') }} as customer_key,
        {{ known_identifier('shop', 'events.product_id', of='events.event_id') }}
            as product_id,
        events.user_id,
        case
            when
                events.event_type in (
                    'view', 'purchase', 'cart_add', 'cart_remove', 'wishlist_add',
                    'review'
                )
                then events.event_type
            else 'other'
        end as event_type,
        events.product_name,
        events.category,
        events.recommender,
        coalesce(events.currency_code, tenants.currency_code) as currency_code,
        coalesce(events.currency_code, tenants.currency_code) = tenants.currency_code
            as is_in_tenant_currency,
        events.quantity,
        events.units_sold,
        cast(events.price as numeric(38, 9)) as price_amount,
        {{ plausible_product('events.units_sold', 'events.price') }} as revenue_amount,
        events.is_purchase and events.quantity is null as has_unknown_quantity,
        events.is_purchase and events.price is null as has_unknown_price,
        events.has_invalid_data,
        {{ local_date('events.occurred_at', 'tenants.timezone') }} as event_date,
        events.occurred_at
    from events
    inner join tenants
        on {{ only_tenant_key('shop', of='events.event_id') }} = tenants.tenant_key
)

select * from final
