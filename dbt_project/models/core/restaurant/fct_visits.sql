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

currencies as (
    select * from {{ ref('currencies') }}
),

-- A visit whose guest is missing belongs to the tenant unknown.
owned as (
    select
        visits.*,
        customers.customer_id is not null as has_customer,
        {{ tenant_key(
            'restaurant', 'customers.restaurant_id', of='visits.visit_id'
        ) }}
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
        located.visit_id,
        located.customer_id,
        {{ source_key('restaurant', 'located.customer_id') }} as customer_key,
        located.tenant_key,
        located.currency_code,
        {{ amount_from_minor_units('located.spend_cents', 'currencies.minor_units') }}
            as spend_amount,
        -- Of a guest whose visits are all without a date none is the first.
        located.visited_at is not null
        and row_number() over (
            partition by located.customer_id
            order by
                case when located.visited_at is null then 1 else 0 end,
                located.visited_at,
                {{ sortable_id('located.visit_id') }}
        ) = 1 as is_first_visit,
        located.has_customer,
        located.has_implausible_visited_at,
        {{ is_implausible_in_minor_units(
            'located.spend_cents', 'currencies.minor_units'
        ) }} as has_implausible_spend_amount,
        {{ local_date('located.visited_at', 'located.timezone') }} as visit_date,
        located.visited_at
    from located
    left join currencies on located.currency_code = currencies.currency_code
)

select * from final
