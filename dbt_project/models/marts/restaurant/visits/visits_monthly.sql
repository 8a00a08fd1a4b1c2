{{ rows_of_grain(ref('int_restaurant__visits_by_period'), 'month') }}
