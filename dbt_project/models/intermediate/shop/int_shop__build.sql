{{ build_range(
    'shop', variables=['unknown_id', 'shop_currency_code', 'session_gap_minutes']
) }}
