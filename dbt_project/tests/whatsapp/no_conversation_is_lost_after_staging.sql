select coalesce(staged.conversation_id, facts.conversation_id) as conversation_id
from {{ ref('stg_whatsapp__conversations') }} as staged
full outer join {{ ref('fct_conversations') }} as facts
    on staged.conversation_id = facts.conversation_id
where staged.conversation_id is null or facts.conversation_id is null
