with

calendar as (
    select * from {{ ref('int_shop__sales_calendar') }}
),

measures as (
    select * from {{ ref('int_shop__sales_measures') }}
),

measured as (
    select
        calendar.tenant_key,
        calendar.payment_method,
        calendar.currency_code,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        {% for measure in [
            'orders_created', 'orders_without_created_event', 'payments_started',
            'payments_completed', 'orders_paid', 'orders_cancelled',
            'paid_orders_cancelled', 'paid_orders_without_amount', 'refunds',
            'refunds_without_amount', 'items', 'distinct_buyers'
        ] -%}
        coalesce(measures.{{ measure }}, 0) as {{ measure }},
        {% endfor -%}
        {% for amount in ['gross_amount', 'cancelled_amount', 'refunded_amount'] -%}
        cast(coalesce(measures.{{ amount }}, 0) as numeric(38, 9))
            as {{ amount }},
        {% endfor -%}
        calendar.is_complete
    from calendar
    left join measures
        on
            calendar.tenant_key = measures.tenant_key
            and calendar.payment_method = measures.payment_method
            and calendar.currency_code = measures.currency_code
            and calendar.grain = measures.grain
            and calendar.period_start_date = measures.period_start_date
),

final as (
    select
        measured.*,
        cast(
            measured.gross_amount - measured.cancelled_amount - measured.refunded_amount
            as numeric(38, 9)
        ) as net_amount,
        {{ ratio('measured.payments_completed', 'measured.payments_started') }}
            as payment_success_rate,
        {{ ratio('measured.gross_amount', 'measured.orders_paid') }}
            as average_order_value
    from measured
)

select * from final
