select coalesce(staged.deal_id, facts.deal_id) as deal_id
from {{ ref('stg_consulting__deals') }} as staged
full outer join {{ ref('fct_deals') }} as facts
    on staged.deal_id = facts.deal_id
where staged.deal_id is null or facts.deal_id is null
