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
        'int_shop__changed_sales_periods', ref('int_shop__order_movements'),
        'moved_date'
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
        {% for measure, condition in [
            ('orders_created', "movement = 'created'"),
            ('orders_without_created_event', "movement = 'seen'"),
            ('payments_started', "movement = 'payment_started'"),
            ('payments_completed', "movement = 'payment_started' and is_paid"),
            ('orders_paid', "movement = 'paid'"),
            ('orders_cancelled', "movement = 'cancelled'"),
            ('paid_orders_cancelled',
             "movement = 'cancelled' and is_cancelled_after_payment"),
            ('paid_orders_without_amount', "movement = 'paid' and amount is null"),
            ('refunds', "movement = 'refunded'"),
            ('refunds_without_amount', "movement = 'refunded' and amount is null")
        ] -%}
        count(case when {{ condition }} then 1 end) as {{ measure }},
        {% endfor -%}
        {% for measure, movement in [
            ('gross_amount', 'paid'),
            ('cancelled_amount', 'cancelled'),
            ('refunded_amount', 'refunded')
        ] -%}
        cast(
            coalesce(
                sum(
                    case
                        when movements.movement = '{{ movement }}'
                            then movements.amount
                    end
                ),
                0
            )
            as numeric(38, 9)
        ) as {{ measure }},
        {% endfor -%}
        cast(
            coalesce(
                sum(
                    case
                        when movements.movement = 'paid' then movements.items_count
                    end
                ),
                0
            )
            as bigint
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
