select coalesce(staged.event_id, facts.event_id) as event_id
from {{ ref('stg_shop__user_events') }} as staged
full outer join {{ ref('fct_web_events') }} as facts
    on staged.event_id = facts.event_id
where staged.event_id is null or facts.event_id is null
