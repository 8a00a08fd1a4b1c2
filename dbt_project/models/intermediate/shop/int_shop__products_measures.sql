{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_shop__changed_products_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

facts as (
    select * from {{ ref('fct_product_events') }}
    {{ where_measured('int_shop__changed_products_periods', 'event_date') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

events as (
    select
        facts.*,
        facts.event_type = 'purchase' and facts.currency_code = tenants.currency_code
            as is_purchase_in_shop_currency
    from facts
    inner join tenants on facts.tenant_key = tenants.tenant_key
),

days as (
    {{ days_to_measure(
        'int_shop__changed_products_periods', ref('fct_product_events'), 'event_date'
    ) }}
),

final as (
    select
        days.tenant_key,
        events.product_id,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        count(case when events.event_type = 'view' then 1 end) as views,
        count(case when events.event_type = 'cart_add' then 1 end) as cart_adds,
        count(case when events.event_type = 'cart_remove' then 1 end) as cart_removes,
        count(case when events.event_type = 'wishlist_add' then 1 end)
            as wishlist_adds,
        count(case when events.event_type = 'review' then 1 end) as reviews,
        count(case when events.event_type = 'purchase' then 1 end) as purchases,
        cast(coalesce(sum(events.units_sold), 0) as bigint) as units_sold,
        count(case when events.has_unknown_quantity then 1 end)
            as purchases_without_quantity,
        cast(
            coalesce(
                sum(
                    case
                        when events.is_purchase_in_shop_currency
                            then events.revenue_amount
                    end
                ), 0
            ) as numeric(38, 9)
        ) as revenue_amount,
        count(case when events.has_unknown_price then 1 end)
            as purchases_without_price,
        count(
            case
                when
                    events.event_type = 'purchase'
                    and not events.is_purchase_in_shop_currency
                    then 1
            end
        ) as purchases_in_other_currencies,
        count(distinct case when events.event_type = 'view' then events.user_id end)
            as distinct_viewers,
        count(
            distinct case when events.event_type = 'purchase' then events.user_id end
        ) as distinct_buyers
    from days
    inner join events
        on
            days.tenant_key = events.tenant_key
            and days.date_day = events.event_date
    group by
        days.tenant_key,
        events.product_id,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
