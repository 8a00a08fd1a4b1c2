select
    tenant_key,
    period_start_date,
    resolution_rate as rate
from {{ ref('conversations_daily') }}
where resolution_rate < 0 or resolution_rate > 1
union all
select
    tenant_key,
    period_start_date,
    containment_rate as rate
from {{ ref('conversations_daily') }}
where containment_rate < 0 or containment_rate > 1
union all
select
    tenant_key,
    period_start_date,
    handoff_conversation_rate as rate
from {{ ref('handoffs_daily') }}
where handoff_conversation_rate < 0 or handoff_conversation_rate > 1
