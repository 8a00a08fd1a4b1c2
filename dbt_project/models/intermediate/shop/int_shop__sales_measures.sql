with

orders as (
    select * from {{ ref('fct_orders') }}
),

-- An order counts on up to three days: when it was created, paid and cancelled.
movements as (
    {% for movement, moved_date, condition in [
        ('created', 'created_date', 'has_created_event'),
        ('seen', 'first_event_date', 'not has_created_event'),
        ('paid', 'paid_date', 'is_paid'),
        ('cancelled', 'cancelled_date', 'is_cancelled')
    ] -%}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        payment_method,
        currency_code,
        '{{ movement }}' as movement,
        user_id,
        items_count,
        order_amount,
        is_cancelled_after_payment,
        {{ moved_date }} as moved_date
    from orders
    where {{ condition }}
    {% endfor %}
),

active_days as (
    select distinct
        tenant_key,
        moved_date as date_day
    from movements
),

days as (
    {{ periods_of_days('active_days') }}
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
