{{ rows_of_grain(ref('int_consulting__crm_activity_by_period'), 'month') }}
