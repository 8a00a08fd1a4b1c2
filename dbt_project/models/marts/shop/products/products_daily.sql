{{ rows_of_grain(ref('int_shop__products_by_period'), 'day') }}
