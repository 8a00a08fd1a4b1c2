{#- Written by `python -m marts write`, from lead_funnel.mart.yml. -#}
{{ measures_of(
    "int_consulting__changed_periods",
    ["stage", "owner", "lead_source"],
    [
        [ref("fct_lead_stages"), "entered_date", {
            "stage_entries": {"kind": "count"},
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
) }}
