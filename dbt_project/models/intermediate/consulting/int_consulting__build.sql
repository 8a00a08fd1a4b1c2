{{ build_range('consulting', variables=['default_currency_code', 'unknown_id']) }}
