{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_restaurant__changed_profiles'}
) }}
{{ clustered_by('customer_id') }}

with

customers as (
    select * from {{ ref('stg_restaurant__customers') }}
    {{ where_changed('int_restaurant__changed_profiles', 'customer_id') }}
),

tenants as (
    select * from {{ ref('int_restaurant__tenants') }}
),

visits as (
    select * from {{ ref('fct_visits') }}
    {{ where_changed('int_restaurant__changed_profiles', 'customer_id') }}
),

outreach as (
    select * from {{ ref('fct_outreach') }}
    {{ where_changed('int_restaurant__changed_profiles', 'customer_id') }}
),

named as (
    select
        customers.customer_id,
        tenants.tenant_key,
        customers.email_hash
    from customers
    inner join tenants
        on
            {{ tenant_key(
                'restaurant', 'customers.restaurant_id', of='customers.customer_id'
            ) }} = tenants.tenant_key
),

mentions as (
    select
        customer_id,
        tenant_key
    from visits
    where not has_customer
    union distinct
    select
        customer_id,
        tenant_key
    from outreach
    where not has_customer
),

-- Of several tenants one is as good as another.
referenced as (
    select
        customer_id,
        min(tenant_key) as tenant_key
    from mentions
    group by customer_id
),

-- Who only has a reservation has not been seen yet.
first_visits as (
    select
        visits.customer_id,
        visits.visited_at
    from visits
    inner join tenants
        on
            visits.tenant_key = tenants.tenant_key
            and visits.visit_date <= tenants.local_date
    where visits.is_first_visit
),

joined as (
    select
        coalesce(named.customer_id, referenced.customer_id) as customer_id,
        coalesce(named.tenant_key, referenced.tenant_key) as tenant_key,
        named.email_hash,
        named.customer_id is null as is_inferred
    from named
    full outer join referenced on named.customer_id = referenced.customer_id
),

final as (
    select
        {{ source_key('restaurant', 'joined.customer_id') }} as customer_key,
        joined.tenant_key,
        {{ source_of('restaurant', 'joined.customer_id') }} as source_system,
        joined.customer_id,
        cast(null as {{ dbt.type_string() }}) as customer_name,
        joined.email_hash,
        cast(null as {{ dbt.type_string() }}) as phone_hash,
        joined.is_inferred,
        first_visits.visited_at as first_seen_at
    from joined
    left join first_visits on joined.customer_id = first_visits.customer_id
)

select * from final
