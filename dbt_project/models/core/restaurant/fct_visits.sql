{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_restaurant__changed_customers'}
) }}
{{ clustered_by('customer_id', month_of='visit_date') }}

with

visits as (
    select * from {{ ref('stg_restaurant__visits') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

customers as (
    select * from {{ ref('stg_restaurant__customers') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

tenants as (
    select * from {{ ref('int_restaurant__known_tenants') }}
),

-- A visit whose guest is missing belongs to the tenant unknown.
owned as (
    select
        visits.visit_id,
        visits.customer_id,
        visits.spend_cents,
        visits.visited_at,
        customers.customer_id is not null as has_customer,
        'restaurant:' || coalesce(customers.restaurant_id, '{{ var("unknown_id") }}')
            as tenant_key
    from visits
    left join customers on visits.customer_id = customers.customer_id
),

located as (
    select
        owned.*,
        coalesce(tenants.timezone, 'UTC') as timezone,
        coalesce(tenants.currency_code, {{ default_currency() }}) as currency_code
    from owned
    left join tenants on owned.tenant_key = tenants.tenant_key
),

final as (
    select
        visit_id,
        customer_id,
        'restaurant:' || customer_id as customer_key,
        tenant_key,
        currency_code,
        {{ decimal_product('spend_cents', '0.01') }} as spend_amount,
        row_number() over (
            partition by customer_id
            order by visited_at, {{ sortable_id('visit_id') }}
        ) = 1 as is_first_visit,
        has_customer,
        {{ local_date('visited_at', 'timezone') }} as visit_date,
        visited_at
    from located
)

select * from final
