with

customers as (
    select
        customer_key,
        tenant_key,
        currency_code,
        frequency,
        monetary_amount,
        as_of_date
    from {{ ref('customer_360') }}
),

totals as (
    select
        tenant_key,
        sum(frequency) as purchases,
        sum(monetary_amount) as amount
    from customers
    group by tenant_key
),

purchases as (
    select
        customers.tenant_key,
        count(*) as purchases,
        coalesce(
            sum(
                case
                    when purchases.currency_code = customers.currency_code
                        then purchases.amount
                end
            ), 0
        ) as amount
    from {{ ref('int_cross_source__purchases') }} as purchases
    inner join customers on purchases.customer_key = customers.customer_key
    where purchases.purchase_date <= customers.as_of_date
    group by customers.tenant_key
)

select
    totals.tenant_key,
    totals.purchases,
    purchases.purchases as purchases_of_facts,
    totals.amount,
    purchases.amount as amount_of_facts
from totals
left join purchases on totals.tenant_key = purchases.tenant_key
where
    totals.purchases <> coalesce(purchases.purchases, 0)
    or totals.amount <> coalesce(purchases.amount, 0)
