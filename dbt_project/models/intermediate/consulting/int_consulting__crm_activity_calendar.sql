{#- Written by `python -m marts write`, from marts/consulting/crm_activity/crm_activity.mart.yml. -#}
{{ calendar_of_activity("consulting", [ref("int_consulting__crm_activity_measures")], ["event_type"]) }}
