{{ calendar_of_tenants('restaurant', [
    ref('int_restaurant__visits_measures'),
    ref('int_restaurant__campaigns_measures'),
]) }}
