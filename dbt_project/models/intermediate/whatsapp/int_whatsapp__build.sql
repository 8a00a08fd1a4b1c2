{{ build_range('whatsapp') }}
