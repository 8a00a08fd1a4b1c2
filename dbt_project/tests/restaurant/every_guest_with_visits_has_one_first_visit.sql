select
    customer_id,
    count(case when is_first_visit then 1 end) as first_visits
from {{ ref('fct_visits') }}
where visit_date is not null
group by customer_id
having count(case when is_first_visit then 1 end) <> 1
