{# [measure, fact, its date, what is added, mart, what is added there] -#}
{%- set comparisons = [
    ('orders created', 'fct_orders', 'created_date', 'count(*)',
     'sales_daily', 'sum(orders_created)'),
    ('orders seen', 'fct_orders', 'first_event_date',
     'count(case when not has_created_event then 1 end)',
     'sales_daily', 'sum(orders_without_created_event)'),
    ('payments started', 'fct_orders', 'payment_started_date', 'count(*)',
     'sales_daily', 'sum(payments_started)'),
    ('cancelled orders', 'fct_orders', 'cancelled_date', 'count(*)',
     'sales_daily', 'sum(orders_cancelled)'),
    ('taken back', 'fct_orders', 'cancelled_date', 'sum(cancelled_amount)',
     'sales_daily', 'sum(cancelled_amount)'),
    ('given back', 'int_shop__refunds', 'refunded_date', 'sum(refunded_amount)',
     'sales_daily', 'sum(refunded_amount)'),
    ('items', 'fct_orders', 'paid_date', 'sum(items_count)',
     'sales_daily', 'sum(items)'),
    ('product views', 'fct_product_events', 'event_date',
     "count(case when event_type = 'view' then 1 end)", 'products_daily', 'sum(views)'),
    ('product purchases', 'fct_product_events', 'event_date',
     "count(case when event_type = 'purchase' then 1 end)",
     'products_daily', 'sum(purchases)'),
    ('units', 'fct_product_events', 'event_date', 'sum(units_sold)',
     'products_daily', 'sum(units_sold)'),
    ('product revenue', 'fct_product_events', 'event_date',
     'sum(case when facts.currency_code = tenants.currency_code'
     ~ ' then revenue_amount end)',
     'products_daily', 'sum(revenue_amount)'),
    ('category views', 'fct_product_events', 'event_date',
     "count(case when event_type = 'view' then 1 end)",
     'categories_daily', 'sum(views)'),
    ('category revenue', 'fct_product_events', 'event_date',
     'sum(case when facts.currency_code = tenants.currency_code'
     ~ ' then revenue_amount end)',
     'categories_daily', 'sum(revenue_amount)'),
    ('clicks', 'fct_product_events', 'event_date',
     "count(case when event_type = 'view' and recommender is not null then 1 end)",
     'recommendations_daily', 'sum(clicks)'),
    ('recommended purchases', 'int_shop__recommended_purchases', 'clicked_date',
     'count(*)', 'recommendations_daily', 'sum(purchases)'),
    ('searches', 'fct_web_events', 'event_date',
     "count(case when event_type = 'search' and not is_bot then 1 end)",
     'search_terms_daily', 'sum(searches)'),
    ('web events', 'fct_web_events', 'event_date',
     'count(case when not is_bot then 1 end)', 'web_behavior_daily',
     'sum(page_views + product_views + searches + add_to_carts + checkout_starts'
     ~ ' + checkout_completes + logins + registrations + other_events)'),
    ('sessions', 'fct_sessions', 'session_date', 'count(*)',
     'web_behavior_daily', 'sum(sessions + bot_sessions)'),
    ('session seconds', 'fct_sessions', 'session_date',
     'sum(case when not is_bot then duration_seconds end)',
     'web_behavior_daily', 'sum(total_session_seconds)'),
    ('users', 'int_shop__web_users', 'first_event_date', 'count(*)',
     'web_behavior_daily', 'sum(new_users)'),
    ('sessions that bought', 'fct_sessions', 'session_date',
     'count(case when not is_bot and checkout_completes > 0 then 1 end)',
     'journeys_daily', 'sum(purchasing_sessions)'),
    ('buyers', 'fct_orders', 'paid_date', 'count(distinct customer_key)',
     'acquisition_daily', 'sum(first_purchases)')
] -%}
with

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

totals as (
    {% for measure, fact, date, of_fact, mart, of_mart in comparisons -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ measure }}' as measure,
        (
            select {{ of_fact }}
            from {{ ref(fact) }} as facts
            inner join tenants on facts.tenant_key = tenants.tenant_key
            where facts.{{ date }} <= tenants.local_date
        ) as total_of_facts,
        (select {{ of_mart }} from {{ ref(mart) }}) as total_of_days
    {% endfor %}
)

select *
from totals
where coalesce(total_of_facts, 0) <> coalesce(total_of_days, 0)
