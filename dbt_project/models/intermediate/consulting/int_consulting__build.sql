{{ build_range('consulting') }}
