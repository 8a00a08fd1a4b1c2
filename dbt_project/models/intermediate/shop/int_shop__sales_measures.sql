{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_shop__changed_sales_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

movements as (
    select * from {{ ref('int_shop__order_movements') }}
    {{ where_measured('int_shop__changed_sales_periods', 'moved_date') }}
),

days as (
    {{ days_to_measure(
        'int_shop__changed_sales_periods', ref('int_shop__order_movements'), 'moved_date'
    ) }}
),

final as (
    select
        days.tenant_key,
        movements.payment_method,
        movements.currency_code,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        count(case when movements.movement = 'created' then 1 end) as orders_created,
        count(case when movements.movement = 'seen' then 1 end)
            as orders_without_created_event,
        count(case when movements.movement = 'paid' then 1 end) as orders_paid,
        count(case when movements.movement = 'cancelled' then 1 end)
            as orders_cancelled,
        count(
            case
                when
                    movements.movement = 'cancelled'
                    and movements.is_cancelled_after_payment
                    then 1
            end
        ) as paid_orders_cancelled,
        count(
            case
                when movements.movement = 'paid' and movements.order_amount is null
                    then 1
            end
        ) as paid_orders_without_amount,
        cast(
            coalesce(
                sum(
                    case
                        when movements.movement = 'paid' then movements.order_amount
                    end
                ), 0
            ) as numeric(38, 9)
        ) as gross_amount,
        cast(
            coalesce(
                sum(
                    case
                        when
                            movements.movement = 'cancelled'
                            and movements.is_cancelled_after_payment
                            then movements.order_amount
                    end
                ), 0
            ) as numeric(38, 9)
        ) as cancelled_amount,
        cast(
            coalesce(
                sum(
                    case
                        when movements.movement = 'paid' then movements.items_count
                    end
                ), 0
            ) as bigint
        ) as items,
        count(
            distinct case when movements.movement = 'paid' then movements.user_id end
        ) as distinct_buyers
    from days
    inner join movements
        on
            days.tenant_key = movements.tenant_key
            and days.date_day = movements.moved_date
    group by
        days.tenant_key,
        movements.payment_method,
        movements.currency_code,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
