{{ build_range('erp', variables=['unknown_id']) }}
