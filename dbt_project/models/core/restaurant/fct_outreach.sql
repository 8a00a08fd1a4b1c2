{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_restaurant__changed_customers'}
) }}
{{ clustered_by('customer_id', month_of='outreach_date') }}

with

outreach_events as (
    select * from {{ ref('stg_restaurant__outreach_events') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

campaigns as (
    select * from {{ ref('stg_restaurant__campaigns') }}
),

customers as (
    select * from {{ ref('stg_restaurant__customers') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

tenants as (
    select * from {{ ref('int_restaurant__known_tenants') }}
),

attributed_visits as (
    select * from {{ ref('int_restaurant__attributed_visits') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

-- Added up before they are joined: a message may have several visits.
attributions as (
    select
        outreach_event_id,
        count(*) as attributed_visits,
        cast(coalesce(sum(spend_amount), 0) as numeric(38, 9))
            as attributed_spend_amount
    from attributed_visits
    group by outreach_event_id
),

final as (
    select
        outreach_events.outreach_event_id,
        outreach_events.campaign_id,
        outreach_events.customer_id,
        'restaurant:' || outreach_events.customer_id as customer_key,
        'restaurant:' || coalesce(campaigns.restaurant_id, '{{ var("unknown_id") }}')
            as tenant_key,
        coalesce(outreach_events.status, 'unknown') as status,
        coalesce(tenants.currency_code, {{ default_currency() }}) as currency_code,
        coalesce(attributions.attributed_visits, 0) as attributed_visits,
        cast(coalesce(attributions.attributed_spend_amount, 0) as numeric(38, 9))
            as attributed_spend_amount,
        attributions.outreach_event_id is not null as has_attributed_visit,
        outreach_events.has_error,
        customers.customer_id is not null as has_customer,
        {{ local_date(
            'outreach_events.created_at', "coalesce(tenants.timezone, 'UTC')"
        ) }}
            as outreach_date,
        outreach_events.created_at,
        outreach_events.sent_at
    from outreach_events
    left join campaigns on outreach_events.campaign_id = campaigns.campaign_id
    left join tenants
        on
            tenants.tenant_key
            = 'restaurant:' || coalesce(campaigns.restaurant_id, '{{ var("unknown_id") }}')
    left join customers on outreach_events.customer_id = customers.customer_id
    left join attributions
        on outreach_events.outreach_event_id = attributions.outreach_event_id
)

select * from final
