with

stages as (
    select
        lead_id,
        count(case when exited_at is null then 1 end) as current_stages
    from {{ ref('fct_lead_stages') }}
    group by lead_id
)

select
    coalesce(leads.lead_id, stages.lead_id) as lead_id,
    stages.current_stages
from {{ ref('stg_consulting__leads') }} as leads
full outer join stages on leads.lead_id = stages.lead_id
where leads.lead_id is null or coalesce(stages.current_stages, 0) <> 1
