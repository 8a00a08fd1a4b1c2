{{ rows_of_grain(ref('int_whatsapp__tenant_summary_by_period'), 'month') }}
