{{ rows_of_grain(ref('int_whatsapp__messages_by_period'), 'week') }}
