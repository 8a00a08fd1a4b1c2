{#- Written by `python -m marts write`, from categories.mart.yml. -#}
{{ measures_of(
    "int_shop__changed_categories_periods",
    ["category"],
    [
        [ref("int_shop__categorized_events"), "event_date", {
            "views": {"kind": "count", "where": "event_type = 'view'"},
            "cart_adds": {"kind": "count", "where": "event_type = 'cart_add'"},
            "cart_removes": {"kind": "count", "where": "event_type = 'cart_remove'"},
            "wishlist_adds": {"kind": "count", "where": "event_type = 'wishlist_add'"},
            "reviews": {"kind": "count", "where": "event_type = 'review'"},
            "purchases": {"kind": "count", "where": "event_type = 'purchase'"},
            "units_sold": {"kind": "sum", "of": "units_sold", "whole": true},
            "purchases_without_quantity": {"kind": "count", "where": "has_unknown_quantity"},
            "revenue_amount": {"kind": "sum", "of": "revenue_amount", "where": "event_type = 'purchase' and is_in_tenant_currency"},
            "purchases_without_price": {"kind": "count", "where": "has_unknown_price"},
            "purchases_in_other_currencies": {"kind": "count", "where": "event_type = 'purchase' and not is_in_tenant_currency"},
            "distinct_viewers": {"kind": "distinct", "of": "user_id", "where": "event_type = 'view'"},
            "distinct_buyers": {"kind": "distinct", "of": "user_id", "where": "event_type = 'purchase'"},
        }],
    ],
) }}
