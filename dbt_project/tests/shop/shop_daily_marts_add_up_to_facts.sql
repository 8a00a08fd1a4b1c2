{%- set comparisons = [
    ('orders', 'fct_orders', 'count(*)',
     'sales_daily', 'sum(orders_created + orders_without_created_event)'),
    ('cancelled orders', 'fct_orders', 'count(cancelled_date)',
     'sales_daily', 'sum(orders_cancelled)'),
    ('taken back', 'fct_orders',
     'coalesce(sum(case when is_cancelled_after_payment then order_amount end), 0)',
     'sales_daily', 'sum(cancelled_amount)'),
    ('items', 'fct_orders', 'coalesce(sum(case when is_paid then items_count end), 0)',
     'sales_daily', 'sum(items)'),
    ('product views', 'fct_product_events',
     "count(case when event_type = 'view' then 1 end)", 'products_daily', 'sum(views)'),
    ('product purchases', 'fct_product_events',
     "count(case when event_type = 'purchase' then 1 end)",
     'products_daily', 'sum(purchases)'),
    ('units', 'fct_product_events', 'coalesce(sum(units_sold), 0)',
     'products_daily', 'sum(units_sold)'),
    ('product revenue', 'fct_product_events',
     "coalesce(sum(case when currency_code = '" ~ var('default_currency_code')
     ~ "' then revenue_amount end), 0)",
     'products_daily', 'sum(revenue_amount)'),
    ('web events', 'fct_web_events', 'count(*)', 'web_behavior_daily',
     'sum(page_views + product_views + searches + add_to_carts + checkout_starts'
     ~ ' + checkout_completes + logins + registrations + other_events)'),
    ('sessions', 'fct_sessions', 'count(*)', 'web_behavior_daily', 'sum(sessions)'),
    ('session seconds', 'fct_sessions', 'coalesce(sum(duration_seconds), 0)',
     'web_behavior_daily', 'sum(total_session_seconds)'),
    ('users', 'fct_web_events', 'count(distinct user_id)',
     'web_behavior_daily', 'sum(new_users)')
] -%}
with

totals as (
    {% for measure, fact, of_fact, mart, of_mart in comparisons -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ measure }}' as measure,
        (select {{ of_fact }} from {{ ref(fact) }}) as total_of_facts,
        (select {{ of_mart }} from {{ ref(mart) }}) as total_of_days
    {% endfor %}
)

select *
from totals
where coalesce(total_of_facts, 0) <> coalesce(total_of_days, 0)
