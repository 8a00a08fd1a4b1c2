{#- Written by `python -m marts write`, from acquisition.mart.yml. -#}
{{ measures_of(
    "int_shop__changed_acquisition_periods",
    ["channel"],
    [
        [ref("int_shop__acquisitions"), "acquired_date", {
            "new_users": {"kind": "count", "where": "movement = 'new_user'"},
            "registrations": {"kind": "count", "where": "movement = 'registration'"},
            "first_purchases": {"kind": "count", "where": "movement = 'first_purchase'"},
            "first_purchases_without_amount": {"kind": "count", "where": "movement = 'first_purchase' and amount is null"},
            "first_purchases_in_other_currencies": {"kind": "count", "where": "movement = 'first_purchase' and not is_in_tenant_currency"},
            "first_purchase_amount": {"kind": "sum", "of": "amount", "where": "movement = 'first_purchase' and is_in_tenant_currency"},
        }],
    ],
) }}
