{#- Written by `python -m marts write`, from all marts of whatsapp. -#}
{{ changed_windows(
    "whatsapp",
    [
        ref("int_whatsapp__changed_periods"),
    ],
) }}
