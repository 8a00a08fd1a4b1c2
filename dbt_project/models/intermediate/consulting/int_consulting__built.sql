{#- Written by `python -m marts write`, from all marts of consulting. -#}
{{ complete_build(
    "consulting",
    [
        ref("crm_activity_trailing"),
        ref("crm_metrics_trailing"),
        ref("fct_crm_events"),
        ref("fct_deals"),
        ref("fct_lead_stages"),
        ref("int_consulting__lead_statuses"),
        ref("lead_funnel_trailing"),
        ref("outbox_trailing"),
        ref("pipeline_trailing"),
    ],
) }}
