with

known as (
    select * from {{ ref('int_restaurant__known_tenants') }}
),

customers as (
    select * from {{ ref('stg_restaurant__customers') }}
),

visits as (
    select * from {{ ref('fct_visits') }}
),

campaigns as (
    select * from {{ ref('stg_restaurant__campaigns') }}
),

outreach as (
    select * from {{ ref('fct_outreach') }}
),

referenced as (
    select
        {{ tenant_key('restaurant', 'restaurant_id', of='customer_id') }}
            as tenant_key
    from customers
    union distinct
    select
        {{ tenant_key('restaurant', 'restaurant_id', of='campaign_id') }}
            as tenant_key
    from campaigns
    union distinct
    select tenant_key
    from visits
    union distinct
    select tenant_key
    from outreach
),

{{ all_tenants('restaurant', 'known', 'referenced') }}

select * from final
