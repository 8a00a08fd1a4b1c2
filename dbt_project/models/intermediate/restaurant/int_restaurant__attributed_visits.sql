{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_restaurant__changed_customers'}
) }}
{{ clustered_by('customer_id') }}

with

visits as (
    select * from {{ ref('fct_visits') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

outreach as (
    select * from {{ ref('int_restaurant__outreach') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

touches as (
    select * from outreach
    where status = 'sent' and sent_at is not null
),

candidates as (
    select
        visits.visit_id,
        visits.customer_id,
        visits.tenant_key,
        visits.currency_code,
        visits.spend_amount,
        visits.visit_date,
        touches.outreach_event_id,
        touches.sent_at,
        {{ microseconds_between('touches.sent_at', 'visits.visited_at') }}
            as microseconds_since_touch
    from visits
    inner join touches
        on
            visits.customer_id = touches.customer_id
            and visits.visited_at >= touches.sent_at
),

-- Days of 24 hours; a message sent exactly so many days before is still within.
within_window as (
    select
        *,
        row_number() over (
            partition by visit_id
            order by sent_at desc, {{ sortable_id('outreach_event_id') }} desc
        ) as touches_back
    from candidates
    where
        microseconds_since_touch
        <= {{ var('attribution_window_days') * 86400 * 1000000 }}
),

final as (
    select
        visit_id,
        customer_id,
        outreach_event_id,
        tenant_key,
        currency_code,
        spend_amount,
        {{ seconds_from_microseconds('microseconds_since_touch') }}
            as seconds_since_touch,
        visit_date
    from within_window
    where touches_back = 1
)

select * from final
