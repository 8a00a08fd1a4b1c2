{{ config(
    materialized='incremental',
    unique_key='customer_key',
    meta={'changed': 'int_shop__changed_customers'}
) }}
{{ clustered_by('customer_key') }}

with

purchases as (
    select * from {{ ref('int_shop__purchases') }}
    {{ where_changed('int_shop__changed_customers', 'customer_key') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

final as (
    select
        purchases.tenant_key,
        purchases.customer_key,
        'orders' as domain,
        cast(
            coalesce(
                sum(
                    case
                        when purchases.currency_code = tenants.currency_code
                            then purchases.amount
                    end
                ), 0
            ) as numeric(38, 9)
        ) as revenue_amount,
        purchases.purchase_date as activity_date
    from purchases
    inner join tenants on purchases.tenant_key = tenants.tenant_key
    group by purchases.tenant_key, purchases.customer_key, purchases.purchase_date
)

select * from final
