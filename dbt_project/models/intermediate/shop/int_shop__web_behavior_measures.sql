{#- Written by `python -m marts write`, from web_behavior.mart.yml. -#}
{{ measures_of(
    "int_shop__changed_web_behavior_periods",
    [],
    [
        [ref("fct_sessions"), "session_date", {
            "sessions": {"kind": "count", "where": "not is_bot"},
            "bot_sessions": {"kind": "count", "where": "is_bot"},
            "engaged_sessions": {"kind": "count", "where": "not is_bot and is_engaged"},
            "bounced_sessions": {"kind": "count", "where": "not is_bot and is_bounce"},
            "total_session_seconds": {"kind": "sum", "of": "duration_seconds", "where": "not is_bot"},
            "cart_sessions": {"kind": "count", "where": "not is_bot and has_cart"},
            "abandoned_carts": {"kind": "count", "where": "not is_bot and is_abandoned_cart"},
            "checkout_sessions": {"kind": "count", "where": "not is_bot and has_checkout"},
            "purchase_sessions": {"kind": "count", "where": "not is_bot and has_purchase"},
        }],
        [ref("fct_web_events"), "event_date", {
            "page_views": {"kind": "count", "where": "event_type = 'page_view' and not is_bot"},
            "product_views": {"kind": "count", "where": "event_type = 'product_view' and not is_bot"},
            "searches": {"kind": "count", "where": "event_type = 'search' and not is_bot"},
            "add_to_carts": {"kind": "count", "where": "event_type = 'add_to_cart' and not is_bot"},
            "checkout_starts": {"kind": "count", "where": "event_type = 'checkout_start' and not is_bot"},
            "checkout_completes": {"kind": "count", "where": "event_type = 'checkout_complete' and not is_bot"},
            "logins": {"kind": "count", "where": "event_type = 'login' and not is_bot"},
            "registrations": {"kind": "count", "where": "event_type = 'registration' and not is_bot"},
            "other_events": {"kind": "count", "where": "event_type = 'other' and not is_bot"},
            "distinct_users": {"kind": "distinct", "of": "user_id", "where": "not is_bot"},
        }],
        [ref("int_shop__web_users"), "first_event_date", {
            "new_users": {"kind": "count"},
        }],
    ],
) }}
