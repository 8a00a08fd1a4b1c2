with

visits as (
    select * from {{ ref('stg_restaurant__visits') }}
),

customers as (
    select * from {{ ref('stg_restaurant__customers') }}
),

tenants as (
    select * from {{ ref('int_restaurant__tenants') }}
),

-- A visit whose guest is missing belongs to the tenant unknown.
located as (
    select
        visits.visit_id,
        visits.customer_id,
        visits.spend_cents,
        visits.visited_at,
        customers.customer_id is not null as has_customer,
        tenants.tenant_key,
        tenants.timezone
    from visits
    left join customers on visits.customer_id = customers.customer_id
    inner join tenants
        on
            coalesce(customers.restaurant_id, '{{ var("unknown_id") }}')
            = tenants.tenant_id
),

final as (
    select
        visit_id,
        customer_id,
        'restaurant:' || customer_id as customer_key,
        tenant_key,
        '{{ var("default_currency_code") }}' as currency_code,
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
