{{ build_range('shop', variables=['session_gap_minutes']) }}
