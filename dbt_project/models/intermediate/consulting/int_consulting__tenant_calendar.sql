{#- Written by `python -m marts write`, from all marts of consulting. -#}
{{ calendar_of_tenants(
    "consulting",
    [
        ref("int_consulting__crm_activity_measures"),
        ref("int_consulting__crm_metrics_measures"),
        ref("int_consulting__lead_funnel_measures"),
        ref("int_consulting__outbox_measures"),
        ref("int_consulting__pipeline_measures"),
    ],
) }}
