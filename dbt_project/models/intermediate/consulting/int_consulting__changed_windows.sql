{#- Written by `python -m marts write`, from all marts of consulting. -#}
{{ changed_windows(
    "consulting",
    [
        ref("int_consulting__changed_periods"),
    ],
    has_balances=true,
) }}
