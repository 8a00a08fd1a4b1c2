{#- Written by `python -m marts write`, from journeys.mart.yml. -#}
{{ periodic_mart(
    "day",
    "shop",
    ref("int_shop__journeys_measures"),
    ["path"],
    {
        "sessions": {"kind": "count"},
        "purchasing_sessions": {"kind": "count"},
        "purchase_rate": {"kind": "ratio", "of": ["purchasing_sessions", "sessions"]},
    },
    quiet_days="",
) }}
