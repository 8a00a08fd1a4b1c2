{#- Written by `python -m marts write`, from marts/erp/interactions/interactions.mart.yml. -#}
{{ calendar_of_activity("erp", [ref("int_erp__interactions_measures")], ["interaction_type", "status"]) }}
