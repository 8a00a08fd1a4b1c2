select coalesce(staged.event_id, facts.event_id) as event_id
from {{ ref('stg_consulting__event_outbox') }} as staged
full outer join {{ ref('fct_crm_events') }} as facts
    on staged.event_id = facts.event_id
where staged.event_id is null or facts.event_id is null
