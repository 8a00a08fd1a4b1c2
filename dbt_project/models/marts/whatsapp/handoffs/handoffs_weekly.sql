{{ rows_of_grain(ref('int_whatsapp__handoffs_by_period'), 'week') }}
