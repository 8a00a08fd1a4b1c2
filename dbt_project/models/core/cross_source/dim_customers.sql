with

customers as (
    select * from {{ ref('int_cross_source__customers') }}
),

activity as (
    select * from {{ ref('int_cross_source__customer_activity') }}
),

active as (
    select
        customer_key,
        source_system,
        min(tenant_key) as tenant_key
    from activity
    group by
        customer_key,
        source_system
),

final as (
    select
        coalesce(customers.customer_key, active.customer_key) as customer_key,
        coalesce(customers.tenant_key, active.tenant_key) as tenant_key,
        coalesce(customers.source_system, active.source_system) as source_system,
        -- A key is the source's name, a colon and the id.
        coalesce(
            customers.customer_id,
            substr(active.customer_key, length(active.source_system) + 2)
        ) as customer_id,
        customers.email_hash,
        customers.phone_hash,
        customers.customer_key is null as is_inferred,
        customers.first_seen_at
    from customers
    full outer join active on customers.customer_key = active.customer_key
)

select * from final
