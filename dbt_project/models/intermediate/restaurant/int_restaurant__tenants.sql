with

restaurants as (
    select * from {{ ref('stg_restaurant__restaurants') }}
),

customers as (
    select * from {{ ref('stg_restaurant__customers') }}
),

visits as (
    select * from {{ ref('int_restaurant__visits_measures') }}
),

campaigns as (
    select * from {{ ref('stg_restaurant__campaigns') }}
),

outreach as (
    select * from {{ ref('int_restaurant__campaigns_measures') }}
),

referenced as (
    select
        'restaurant:' || coalesce(restaurant_id, '{{ var("unknown_id") }}')
            as tenant_key
    from customers
    union distinct
    select
        'restaurant:' || coalesce(restaurant_id, '{{ var("unknown_id") }}')
            as tenant_key
    from campaigns
    union distinct
    select tenant_key
    from visits
    union distinct
    select tenant_key
    from outreach
),

named as (
    select
        'restaurant:' || restaurant_id as tenant_key,
        restaurant_name,
        timezone
    from restaurants
),

joined as (
    select
        coalesce(named.tenant_key, referenced.tenant_key) as tenant_key,
        named.restaurant_name,
        named.timezone,
        named.tenant_key is null as is_inferred
    from named
    full outer join referenced
        on named.tenant_key = referenced.tenant_key
),

final as (
    select
        tenant_key,
        substr(tenant_key, length('restaurant:') + 1) as tenant_id,
        coalesce(restaurant_name, substr(tenant_key, length('restaurant:') + 1))
            as tenant_name,
        coalesce(timezone, 'UTC') as timezone,
        is_inferred
    from joined
)

select * from final
