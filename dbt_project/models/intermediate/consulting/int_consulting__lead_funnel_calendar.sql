{{ calendar_of_activity('consulting', [
    ref('int_consulting__lead_funnel_measures'),
], ['stage', 'owner', 'lead_source']) }}
