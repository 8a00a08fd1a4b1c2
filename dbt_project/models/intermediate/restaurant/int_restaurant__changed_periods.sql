{# int_restaurant__failed_outreach has the outreach_date of its fact. -#}
{{ changed_periods([
    [
        ref('int_restaurant__changed_customers'), 'customer_id',
        ref('fct_outreach'), 'outreach_date'
    ],
    [
        ref('int_restaurant__changed_customers'), 'customer_id',
        ref('fct_visits'), 'visit_date'
    ],
]) }}
