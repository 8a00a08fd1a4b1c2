{{ build_range('restaurant', variables=['attribution_window_days']) }}
