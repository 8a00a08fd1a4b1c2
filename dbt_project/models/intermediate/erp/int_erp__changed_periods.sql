{#
    Moves of int_erp__segment_moves have the dates of both facts as move_date;
    int_erp__member_interactions have the interaction_date of theirs.
-#}
{{ changed_periods([
    [
        ref('int_erp__changed_customers'), 'customer_id',
        ref('fct_interactions'), 'interaction_date'
    ],
    [
        ref('int_erp__changed_customers'), 'customer_id',
        ref('fct_segment_memberships'), 'joined_date'
    ],
    [
        ref('int_erp__changed_customers'), 'customer_id',
        ref('fct_segment_memberships'), 'left_date'
    ],
]) }}
