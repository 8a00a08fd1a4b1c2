{#- Written by `python -m marts write`, from sales.mart.yml. -#}
{{ trailing_mart(
    "shop",
    ref("int_shop__sales_measures"),
    ["payment_method", "currency_code"],
    [
        [ref("int_shop__order_movements"), "moved_date", {
            "distinct_buyers": {"kind": "distinct", "of": "user_id", "where": "movement = 'paid'"},
        }],
    ],
    {
        "orders_created": {"kind": "count"},
        "orders_without_created_event": {"kind": "count"},
        "payments_started": {"kind": "count"},
        "payments_completed": {"kind": "count"},
        "payment_success_rate": {"kind": "ratio", "of": ["payments_completed", "payments_started"]},
        "orders_paid": {"kind": "count"},
        "orders_cancelled": {"kind": "count"},
        "paid_orders_cancelled": {"kind": "count"},
        "gross_amount": {"kind": "sum"},
        "cancelled_amount": {"kind": "sum"},
        "refunds": {"kind": "count"},
        "refunds_without_amount": {"kind": "count"},
        "refunded_amount": {"kind": "sum"},
        "net_amount": {"kind": "difference", "of": ["gross_amount", "cancelled_amount", "refunded_amount"]},
        "items": {"kind": "sum", "whole": true},
        "paid_orders_without_amount": {"kind": "count"},
        "distinct_buyers": {"kind": "distinct"},
        "average_order_value": {"kind": "ratio", "of": ["gross_amount", "orders_paid"]},
    },
) }}
