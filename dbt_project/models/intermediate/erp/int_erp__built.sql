{#- Written by `python -m marts write`, from all marts of erp. -#}
{{ complete_build(
    "erp",
    [
        ref("fct_interactions"),
        ref("fct_segment_memberships"),
        ref("int_erp__customer_activity"),
        ref("int_erp__customers"),
        ref("int_erp__membership_spans"),
        ref("interactions_trailing"),
        ref("recent_activity"),
        ref("segment_interactions_trailing"),
        ref("segments_trailing"),
    ],
) }}
