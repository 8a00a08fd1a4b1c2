{#- Written by `python -m marts write`, from all marts of restaurant. -#}
{{ changed_windows(
    "restaurant",
    [
        ref("int_restaurant__changed_periods"),
    ],
) }}
