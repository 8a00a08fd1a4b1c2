{#- Written by `python -m marts write`, from all marts of erp. -#}
{{ calendar_of_tenants(
    "erp",
    [
        ref("int_erp__interactions_measures"),
        ref("int_erp__segment_interactions_measures"),
        ref("int_erp__segments_measures"),
    ],
) }}
