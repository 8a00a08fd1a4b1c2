{#- Written by `python -m marts write`, from products.mart.yml. -#}
{{ trailing_mart(
    "shop",
    ref("int_shop__products_measures"),
    ["product_id"],
    [
        [ref("fct_product_events"), "event_date", {
            "distinct_viewers": {"kind": "distinct", "of": "user_id", "where": "event_type = 'view'"},
            "distinct_buyers": {"kind": "distinct", "of": "user_id", "where": "event_type = 'purchase'"},
        }],
    ],
    {
        "views": {"kind": "count"},
        "cart_adds": {"kind": "count"},
        "cart_removes": {"kind": "count"},
        "wishlist_adds": {"kind": "count"},
        "reviews": {"kind": "count"},
        "purchases": {"kind": "count"},
        "units_sold": {"kind": "sum", "whole": true},
        "purchases_without_quantity": {"kind": "count"},
        "revenue_amount": {"kind": "sum"},
        "purchases_without_price": {"kind": "count"},
        "purchases_in_other_currencies": {"kind": "count"},
        "view_to_purchase_rate": {"kind": "ratio", "of": ["purchases", "views"]},
        "distinct_viewers": {"kind": "distinct"},
        "distinct_buyers": {"kind": "distinct"},
    },
    attributes={"product_name": ["int_shop__products", ["tenant_key", "product_id"]], "category": ["int_shop__products", ["tenant_key", "product_id"]], "currency_code": ["int_shop__tenants", ["tenant_key"]]},
) }}
