{{ rows_of_grain(ref('int_consulting__lead_funnel_by_period'), 'month') }}
