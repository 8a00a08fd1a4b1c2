{{ build_range(
    'restaurant',
    variables=['unknown_id', 'default_currency_code', 'attribution_window_days']
) }}
