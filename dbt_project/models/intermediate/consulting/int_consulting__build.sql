{{ build_range('consulting', variables=['unknown_id']) }}
