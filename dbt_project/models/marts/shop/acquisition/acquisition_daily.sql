{#- Written by `python -m marts write`, from acquisition.mart.yml. -#}
{{ periodic_mart(
    "day",
    "shop",
    ref("int_shop__acquisition_measures"),
    ["channel"],
    {
        "new_users": {"kind": "count"},
        "registrations": {"kind": "count"},
        "first_purchases": {"kind": "count"},
        "first_purchases_without_amount": {"kind": "count"},
        "first_purchases_in_other_currencies": {"kind": "count"},
        "first_purchase_amount": {"kind": "sum"},
    },
    attributes={"currency_code": ["int_shop__tenants", ["tenant_key"]]},
    quiet_days="",
) }}
