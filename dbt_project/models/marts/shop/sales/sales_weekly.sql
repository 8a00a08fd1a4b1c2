{{ rows_of_grain(ref('int_shop__sales_by_period'), 'week') }}
