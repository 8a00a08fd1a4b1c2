select coalesce(staged.outreach_event_id, facts.outreach_event_id) as outreach_event_id
from {{ ref('stg_restaurant__outreach_events') }} as staged
full outer join {{ ref('fct_outreach') }} as facts
    on staged.outreach_event_id = facts.outreach_event_id
where staged.outreach_event_id is null or facts.outreach_event_id is null
