select coalesce(staged.visit_id, facts.visit_id) as visit_id
from {{ ref('stg_restaurant__visits') }} as staged
full outer join {{ ref('fct_visits') }} as facts
    on staged.visit_id = facts.visit_id
where staged.visit_id is null or facts.visit_id is null
