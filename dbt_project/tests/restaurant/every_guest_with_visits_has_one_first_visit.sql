select
    customer_id,
    count(case when is_first_visit then 1 end) as first_visits
from {{ ref('fct_visits') }}
group by customer_id
having count(case when is_first_visit then 1 end) <> 1
