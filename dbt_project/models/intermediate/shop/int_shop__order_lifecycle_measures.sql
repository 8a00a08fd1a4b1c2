{#- Written by `python -m marts write`, from order_lifecycle.mart.yml. -#}
{{ measures_of(
    "int_shop__changed_sales_periods",
    ["payment_method"],
    [
        [ref("fct_orders"), "created_date", {
            "orders_created": {"kind": "count"},
            "orders_paid": {"kind": "count", "where": "is_paid"},
            "orders_shipped": {"kind": "count", "where": "is_shipped"},
            "orders_delivered": {"kind": "count", "where": "is_delivered"},
            "orders_cancelled": {"kind": "count", "where": "is_cancelled"},
            "timed_to_paid": {"kind": "count", "where": "seconds_to_paid is not null"},
            "total_hours_to_paid": {"kind": "sum", "of": "seconds_to_paid", "divisor": 3600},
            "p50_hours_to_paid": {"kind": "quantile", "of": "seconds_to_paid", "divisor": 3600, "percent": 50},
            "p90_hours_to_paid": {"kind": "quantile", "of": "seconds_to_paid", "divisor": 3600, "percent": 90},
            "invalid_times_to_paid": {"kind": "count", "where": "has_invalid_time_to_paid"},
            "timed_to_shipped": {"kind": "count", "where": "seconds_to_shipped is not null"},
            "total_hours_to_shipped": {"kind": "sum", "of": "seconds_to_shipped", "divisor": 3600},
            "p50_hours_to_shipped": {"kind": "quantile", "of": "seconds_to_shipped", "divisor": 3600, "percent": 50},
            "p90_hours_to_shipped": {"kind": "quantile", "of": "seconds_to_shipped", "divisor": 3600, "percent": 90},
            "invalid_times_to_shipped": {"kind": "count", "where": "has_invalid_time_to_shipped"},
            "timed_to_delivered": {"kind": "count", "where": "seconds_to_delivered is not null"},
            "total_hours_to_delivered": {"kind": "sum", "of": "seconds_to_delivered", "divisor": 3600},
            "p50_hours_to_delivered": {"kind": "quantile", "of": "seconds_to_delivered", "divisor": 3600, "percent": 50},
            "p90_hours_to_delivered": {"kind": "quantile", "of": "seconds_to_delivered", "divisor": 3600, "percent": 90},
            "invalid_times_to_delivered": {"kind": "count", "where": "has_invalid_time_to_delivered"},
        }],
    ],
) }}
