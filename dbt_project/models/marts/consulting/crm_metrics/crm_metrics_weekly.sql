{{ rows_of_grain(ref('int_consulting__crm_metrics_by_period'), 'week') }}
