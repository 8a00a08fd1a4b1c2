{#- Written by `python -m marts write`, from marts/shop/web_behavior/web_behavior.mart.yml. -#}
{{ calendar_of_activity("shop", [ref("int_shop__web_behavior_measures")], []) }}
