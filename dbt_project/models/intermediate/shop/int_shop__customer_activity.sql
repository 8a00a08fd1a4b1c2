with

purchases as (
    select * from {{ ref('int_shop__purchases') }}
),

final as (
    select
        tenant_key,
        customer_key,
        'orders' as domain,
        cast(
            coalesce(
                sum(
                    case
                        when currency_code = '{{ var("default_currency_code") }}'
                            then amount
                    end
                ), 0
            ) as numeric(38, 9)
        ) as revenue_amount,
        purchase_date as activity_date
    from purchases
    group by tenant_key, customer_key, purchase_date
)

select * from final
