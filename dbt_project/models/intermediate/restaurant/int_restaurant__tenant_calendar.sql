{#- Written by `python -m marts write`, from all marts of restaurant. -#}
{{ calendar_of_tenants(
    "restaurant",
    [
        ref("int_restaurant__campaigns_measures"),
        ref("int_restaurant__outreach_errors_measures"),
        ref("int_restaurant__visits_measures"),
    ],
) }}
