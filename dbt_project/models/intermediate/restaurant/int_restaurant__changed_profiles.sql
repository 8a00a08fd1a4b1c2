{# Not of the keys of facts themselves: the clock is known after facts. -#}
select distinct customer_id
from {{ ref('int_restaurant__changed_customers') }}
{{ union_keys_of_passed_days('fct_visits', 'customer_id', ['visit_date']) }}
