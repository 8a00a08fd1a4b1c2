{{ calendar_of_tenants('erp', [
    ref('int_erp__interactions_measures'),
    ref('int_erp__segments_measures'),
]) }}
