{{ calendar_of_activity('consulting', [
    ref('int_consulting__crm_activity_measures'),
], ['event_type']) }}
