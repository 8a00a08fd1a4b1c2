{{ rows_of_grain(ref('int_whatsapp__conversations_by_period'), 'month') }}
