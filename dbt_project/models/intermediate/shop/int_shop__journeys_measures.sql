{#- Written by `python -m marts write`, from journeys.mart.yml. -#}
{{ measures_of(
    "int_shop__changed_web_behavior_periods",
    ["path"],
    [
        [ref("int_shop__journeys"), "session_date", {
            "sessions": {"kind": "count"},
            "purchasing_sessions": {"kind": "count", "where": "is_purchasing"},
        }],
    ],
) }}
