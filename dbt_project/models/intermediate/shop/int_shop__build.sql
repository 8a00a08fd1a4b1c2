{{ build_range(
    'shop', variables=['unknown_id', 'default_currency_code', 'session_gap_minutes']
) }}
