{#- Written by `python -m marts write`, from sales.mart.yml. -#}
{{ measures_of(
    "int_shop__changed_sales_periods",
    ["payment_method", "currency_code"],
    [
        [ref("int_shop__order_movements"), "moved_date", {
            "orders_created": {"kind": "count", "where": "movement = 'created'"},
            "orders_without_created_event": {"kind": "count", "where": "movement = 'seen'"},
            "payments_started": {"kind": "count", "where": "movement = 'payment_started'"},
            "payments_completed": {"kind": "count", "where": "movement = 'payment_started' and is_paid"},
            "orders_paid": {"kind": "count", "where": "movement = 'paid'"},
            "orders_cancelled": {"kind": "count", "where": "movement = 'cancelled'"},
            "paid_orders_cancelled": {"kind": "count", "where": "movement = 'cancelled' and is_cancelled_after_payment"},
            "gross_amount": {"kind": "sum", "of": "amount", "where": "movement = 'paid'"},
            "cancelled_amount": {"kind": "sum", "of": "amount", "where": "movement = 'cancelled'"},
            "refunds": {"kind": "count", "where": "movement = 'refunded'"},
            "refunds_without_amount": {"kind": "count", "where": "movement = 'refunded' and amount is null"},
            "refunded_amount": {"kind": "sum", "of": "amount", "where": "movement = 'refunded'"},
            "items": {"kind": "sum", "of": "items_count", "whole": true, "where": "movement = 'paid'"},
            "paid_orders_without_amount": {"kind": "count", "where": "movement = 'paid' and amount is null"},
            "distinct_buyers": {"kind": "distinct", "of": "user_id", "where": "movement = 'paid'"},
        }],
    ],
) }}
