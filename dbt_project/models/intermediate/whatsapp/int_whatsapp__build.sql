{{ build_range('whatsapp', variables=['unknown_id']) }}
