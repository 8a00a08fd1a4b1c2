with

customers as (
    select * from {{ ref('stg_restaurant__customers') }}
),

tenants as (
    select * from {{ ref('int_restaurant__tenants') }}
),

visits as (
    select * from {{ ref('fct_visits') }}
),

first_visits as (
    select
        customer_id,
        visited_at
    from visits
    where is_first_visit
),

final as (
    select
        'restaurant:' || customers.customer_id as customer_key,
        tenants.tenant_key,
        'restaurant' as source_system,
        customers.customer_id,
        customers.email_hash,
        cast(null as {{ dbt.type_string() }}) as phone_hash,
        first_visits.visited_at as first_seen_at
    from customers
    inner join tenants
        on
            coalesce(customers.restaurant_id, '{{ var("unknown_id") }}')
            = tenants.tenant_id
    left join first_visits on customers.customer_id = first_visits.customer_id
)

select * from final
