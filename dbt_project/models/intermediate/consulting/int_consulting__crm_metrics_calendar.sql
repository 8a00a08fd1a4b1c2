{{ calendar_of_activity('consulting', [
    ref('int_consulting__crm_metrics_measures'),
], ['currency_code']) }}
