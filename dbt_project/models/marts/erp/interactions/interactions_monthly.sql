{{ rows_of_grain(ref('int_erp__interactions_by_period'), 'month') }}
