{#- Written by `python -m marts write`, from all marts of restaurant. -#}
{{ complete_build(
    "restaurant",
    [
        ref("campaigns_trailing"),
        ref("fct_outreach"),
        ref("fct_visits"),
        ref("int_restaurant__attributed_visits"),
        ref("int_restaurant__customer_activity"),
        ref("int_restaurant__customer_totals"),
        ref("int_restaurant__customers"),
        ref("int_restaurant__outreach"),
        ref("outreach_errors_trailing"),
        ref("visits_trailing"),
    ],
) }}
