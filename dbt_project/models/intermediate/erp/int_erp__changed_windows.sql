{#- Written by `python -m marts write`, from all marts of erp. -#}
{{ changed_windows(
    "erp",
    [
        ref("int_erp__changed_periods"),
    ],
    has_balances=true,
) }}
