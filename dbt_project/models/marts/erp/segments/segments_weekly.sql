{#- Written by `python -m marts write`, from segments.mart.yml. -#}
{{ periodic_mart(
    "week",
    "erp",
    ref("int_erp__segments_measures"),
    ["segment_name"],
    {
        "members": {"kind": "balance", "of": ["joined", "left"], "whole": true},
        "joined": {"kind": "count"},
        "left": {"kind": "count", "quoted": true, "measured_as": "left_"},
        "interactions": {"kind": "count"},
        "distinct_active_members": {"kind": "distinct"},
        "average_interactions_per_customer": {"kind": "ratio", "of": ["interactions", "members"]},
    },
) }}
