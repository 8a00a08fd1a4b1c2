{{ config(
    materialized='incremental',
    unique_key='customer_key',
    meta={'changed': 'int_shop__changed_customers'}
) }}
{{ clustered_by('customer_key') }}

with

web_users as (
    select * from {{ ref('int_shop__web_users') }}
    {{ where_changed('int_shop__changed_customers', 'customer_key') }}
),

product_events as (
    select * from {{ ref('fct_product_events') }}
    {{ where_changed('int_shop__changed_customers', 'customer_key') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    {{ where_changed('int_shop__changed_customers', 'customer_key') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
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
        seen.customer_key,
        seen.tenant_key,
        {{ source_of_key('seen.customer_key') }} as source_system,
        seen.user_id as customer_id,
        cast(null as {{ dbt.type_string() }}) as customer_name,
        cast(null as {{ dbt.type_string() }}) as email_hash,
        cast(null as {{ dbt.type_string() }}) as phone_hash,
        false as is_inferred,
        min(
            case
                when
                    {{ local_date('seen.seen_at', 'tenants.timezone') }}
                    <= tenants.local_date
                    then seen.seen_at
            end
        ) as first_seen_at
    from seen
    inner join tenants on seen.tenant_key = tenants.tenant_key
    group by seen.customer_key, seen.tenant_key, seen.user_id
)

select * from final
