{{ rows_of_grain(ref('int_whatsapp__costs_by_period'), 'week') }}
