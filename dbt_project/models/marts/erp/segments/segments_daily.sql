{{ rows_of_grain(ref('int_erp__segments_by_period'), 'day') }}
