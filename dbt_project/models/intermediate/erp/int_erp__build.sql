{{ build_range('erp') }}
