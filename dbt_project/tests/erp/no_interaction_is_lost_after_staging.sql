select coalesce(staged.interaction_id, facts.interaction_id) as interaction_id
from {{ ref('stg_erp__customer_interactions') }} as staged
full outer join {{ ref('fct_interactions') }} as facts
    on staged.interaction_id = facts.interaction_id
where staged.interaction_id is null or facts.interaction_id is null
