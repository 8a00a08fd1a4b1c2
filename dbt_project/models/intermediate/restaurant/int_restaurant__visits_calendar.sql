{{ calendar_of_activity('restaurant', [
    ref('int_restaurant__visits_measures'),
], ['currency_code']) }}
