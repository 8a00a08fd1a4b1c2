with

web_users as (
    select * from {{ ref('int_shop__web_users') }}
),

product_events as (
    select * from {{ ref('fct_product_events') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

seen as (
    select
        customer_key,
        tenant_key,
        user_id,
        first_event_at as seen_at
    from web_users
    union all
    select
        customer_key,
        tenant_key,
        user_id,
        occurred_at as seen_at
    from product_events
    where user_id is not null
    union all
    select
        customer_key,
        tenant_key,
        user_id,
        first_event_at as seen_at
    from orders
    where user_id is not null
),

final as (
    select
        customer_key,
        tenant_key,
        'shop' as source_system,
        user_id as customer_id,
        cast(null as {{ dbt.type_string() }}) as email_hash,
        cast(null as {{ dbt.type_string() }}) as phone_hash,
        false as is_inferred,
        min(seen_at) as first_seen_at
    from seen
    group by customer_key, tenant_key, user_id
)

select * from final
