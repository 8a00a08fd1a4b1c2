select coalesce(staged.message_id, facts.message_id) as message_id
from {{ ref('stg_whatsapp__messages') }} as staged
full outer join {{ ref('fct_messages') }} as facts
    on staged.message_id = facts.message_id
where staged.message_id is null or facts.message_id is null
