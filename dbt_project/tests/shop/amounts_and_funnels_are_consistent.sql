select
    'sales' as mart,
    period_start_date
from {{ ref('sales_daily') }}
where
    net_amount <> gross_amount - cancelled_amount - refunded_amount
    or payments_completed > payments_started
    or paid_orders_cancelled > orders_cancelled
    or paid_orders_without_amount > orders_paid
union all
select
    'web_behavior' as mart,
    period_start_date
from {{ ref('web_behavior_daily') }}
where
    cart_sessions > sessions
    or checkout_sessions > cart_sessions
    or purchase_sessions > checkout_sessions
    or engaged_sessions + bounced_sessions <> sessions
    or new_users > distinct_users
    or abandoned_carts > carts
union all
select
    'orders' as mart,
    first_event_date as period_start_date
from {{ ref('fct_orders') }}
where net_amount < 0
union all
select
    'journeys' as mart,
    period_start_date
from {{ ref('journeys_daily') }}
where purchasing_sessions > sessions
union all
select
    'acquisition' as mart,
    period_start_date
from {{ ref('acquisition_daily') }}
where
    first_purchases_without_amount > first_purchases
    or first_purchases_in_other_currencies > first_purchases
