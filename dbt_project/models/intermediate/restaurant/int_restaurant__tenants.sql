with

restaurants as (
    select * from {{ ref('stg_restaurant__restaurants') }}
),

customers as (
    select * from {{ ref('stg_restaurant__customers') }}
),

visits as (
    select * from {{ ref('stg_restaurant__visits') }}
),

campaigns as (
    select * from {{ ref('stg_restaurant__campaigns') }}
),

outreach_events as (
    select * from {{ ref('stg_restaurant__outreach_events') }}
),

referenced as (
    select coalesce(restaurant_id, '{{ var("unknown_id") }}') as restaurant_id
    from customers
    union distinct
    select coalesce(restaurant_id, '{{ var("unknown_id") }}') as restaurant_id
    from campaigns
    union distinct
    select '{{ var("unknown_id") }}' as restaurant_id
    from visits
    left join customers on visits.customer_id = customers.customer_id
    where customers.customer_id is null
    union distinct
    select '{{ var("unknown_id") }}' as restaurant_id
    from outreach_events
    left join campaigns on outreach_events.campaign_id = campaigns.campaign_id
    where campaigns.campaign_id is null
),

final as (
    select
        'restaurant:' || coalesce(restaurants.restaurant_id, referenced.restaurant_id)
            as tenant_key,
        coalesce(restaurants.restaurant_id, referenced.restaurant_id) as tenant_id,
        coalesce(
            restaurants.restaurant_name,
            restaurants.restaurant_id,
            referenced.restaurant_id
        ) as tenant_name,
        coalesce(restaurants.timezone, 'UTC') as timezone,
        restaurants.restaurant_id is null as is_inferred
    from restaurants
    full outer join referenced
        on restaurants.restaurant_id = referenced.restaurant_id
)

select * from final
