{#- Written by `python -m marts write`, from lead_funnel.mart.yml. -#}
{{ trailing_mart(
    "consulting",
    ref("int_consulting__lead_funnel_measures"),
    ["stage", "owner", "lead_source"],
    [
        [ref("fct_lead_stages"), "entered_date", {
            "leads_entered": {"kind": "distinct", "of": "lead_id"},
            "convertible_leads": {"kind": "distinct", "of": "lead_id", "where": "has_next_stage"},
            "leads_reaching_next_stage": {"kind": "distinct", "of": "lead_id", "where": "has_reached_next_stage"},
        }],
        [ref("fct_lead_stages"), "exited_date", {
            "leads_exited": {"kind": "distinct", "of": "lead_id", "where": "exited_at is not null"},
            "leads_won": {"kind": "distinct", "of": "lead_id", "where": "exited_at is not null and is_exit_to_won"},
            "leads_lost": {"kind": "distinct", "of": "lead_id", "where": "exited_at is not null and is_exit_to_lost"},
            "total_stage_hours": {"kind": "sum", "of": "stage_seconds", "divisor": 3600, "where": "exited_at is not null"},
        }],
    ],
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
