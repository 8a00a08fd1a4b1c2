{#- Written by `python -m marts write`, from lead_funnel.mart.yml. -#}
{{ periodic_mart(
    "month",
    "consulting",
    ref("int_consulting__lead_funnel_measures"),
    ["stage", "owner", "lead_source"],
    {
        "stage_entries": {"kind": "count"},
        "leads_entered": {"kind": "distinct"},
        "leads_exited": {"kind": "distinct"},
        "leads_won": {"kind": "distinct"},
        "leads_lost": {"kind": "distinct"},
        "total_stage_hours": {"kind": "sum"},
        "average_stage_hours": {"kind": "ratio", "of": ["total_stage_hours", "leads_exited"]},
        "convertible_leads": {"kind": "distinct"},
        "leads_reaching_next_stage": {"kind": "distinct"},
        "stage_conversion_rate": {"kind": "ratio", "of": ["leads_reaching_next_stage", "convertible_leads"]},
    },
) }}
