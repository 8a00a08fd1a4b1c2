{#- Written by `python -m marts write`, from segments.mart.yml. -#}
{{ measures_of(
    "int_erp__changed_periods",
    ["segment_name"],
    [
        [ref("int_erp__segment_moves"), "move_date", {
            "joined": {"kind": "count", "where": "move = 'joined'"},
            "left_": {"kind": "count", "where": "move = 'left'"},
            "interactions": {"kind": "count", "where": "move = 'interaction'"},
            "distinct_active_members": {"kind": "distinct", "of": "customer_id", "where": "move = 'interaction'"},
        }],
    ],
) }}
