{{ rows_of_grain(ref('int_restaurant__campaigns_by_period'), 'week') }}
