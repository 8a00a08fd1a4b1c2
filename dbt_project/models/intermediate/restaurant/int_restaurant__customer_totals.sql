{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_restaurant__changed_customers'}
) }}
{{ clustered_by('customer_id') }}

with

customers as (
    select
        *,
        {{ tenant_key('restaurant', 'restaurant_id', of='customer_id') }}
            as tenant_key
    from {{ ref('stg_restaurant__customers') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

visits as (
    select * from {{ ref('fct_visits') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

tenants as (
    select * from {{ ref('int_restaurant__known_tenants') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

spent as (
    select
        customer_id,
        sum(spend_amount) as spent_amount
    from visits
    group by customer_id
),

joined as (
    select
        customers.customer_id,
        customers.tenant_key,
        {{ amount_from_minor_units(
            'customers.total_spend_cents', 'currencies.minor_units'
        ) }} as total_spend_amount,
        cast(coalesce(spent.spent_amount, 0) as numeric(38, 9)) as spent_amount,
        customers.has_implausible_last_visit_at,
        {{ is_implausible_in_minor_units(
            'customers.total_spend_cents', 'currencies.minor_units'
        ) }} as has_implausible_total_spend_amount
    from customers
    left join tenants on customers.tenant_key = tenants.tenant_key
    left join currencies
        on
            coalesce(tenants.currency_code, {{ default_currency() }})
            = currencies.currency_code
    left join spent on customers.customer_id = spent.customer_id
),

final as (
    select
        customer_id,
        tenant_key,
        total_spend_amount,
        spent_amount,
        has_implausible_last_visit_at,
        has_implausible_total_spend_amount,
        coalesce(total_spend_amount <> spent_amount, false) as has_other_total
    from joined
)

select * from final
