{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_erp__changed_customers'}
) }}
{{ clustered_by('customer_id') }}

with

customers as (
    select * from {{ ref('stg_erp__customers') }}
    {{ where_changed('int_erp__changed_customers', 'customer_id') }}
),

interactions as (
    select * from {{ ref('fct_interactions') }}
    {{ where_changed('int_erp__changed_customers', 'customer_id') }}
),

memberships as (
    select * from {{ ref('fct_segment_memberships') }}
    {{ where_changed('int_erp__changed_customers', 'customer_id') }}
),

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

named as (
    select
        customers.customer_id,
        customers.customer_name,
        tenants.tenant_key
    from customers
    inner join tenants
        on
            {{ tenant_key(
                'erp', 'customers.organization_id', of='customers.customer_id'
            ) }} = tenants.tenant_key
),

mentions as (
    select
        customer_id,
        tenant_key
    from interactions
    where customer_key is not null
    union distinct
    select
        customer_id,
        tenant_key
    from memberships
),

referenced as (
    select
        customer_id,
        min(tenant_key) as tenant_key
    from mentions
    group by customer_id
),

-- Those with another organization are that one's to know.
first_interactions as (
    select
        interactions.tenant_key,
        interactions.customer_id,
        min(interactions.interaction_at) as first_seen_at
    from interactions
    inner join tenants
        on
            interactions.tenant_key = tenants.tenant_key
            and interactions.interaction_date <= tenants.local_date
    group by
        interactions.tenant_key,
        interactions.customer_id
),

joined as (
    select
        coalesce(named.customer_id, referenced.customer_id) as customer_id,
        coalesce(named.tenant_key, referenced.tenant_key) as tenant_key,
        named.customer_name,
        named.customer_id is null as is_inferred
    from named
    full outer join referenced on named.customer_id = referenced.customer_id
),

final as (
    select
        {{ source_key('erp', 'joined.customer_id') }} as customer_key,
        joined.tenant_key,
        {{ source_of('erp', 'joined.customer_id') }} as source_system,
        joined.customer_id,
        joined.customer_name,
        cast(null as {{ dbt.type_string() }}) as email_hash,
        cast(null as {{ dbt.type_string() }}) as phone_hash,
        joined.is_inferred,
        first_interactions.first_seen_at
    from joined
    left join first_interactions
        on
            joined.tenant_key = first_interactions.tenant_key
            and joined.customer_id = first_interactions.customer_id
)

select * from final
