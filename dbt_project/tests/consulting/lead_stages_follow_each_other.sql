with

stages as (
    select
        *,
        lead(stage) over (
            partition by lead_id
            order by entry_number
        ) as stage_after,
        lead(entered_at) over (
            partition by lead_id
            order by entry_number
        ) as entered_after
    from {{ ref('fct_lead_stages') }}
)

select
    lead_id,
    entry_number
from stages
where
    exited_at < entered_at
    or stage = next_stage
    or coalesce(next_stage, '') <> coalesce(stage_after, '')
    or (exited_at is null) <> (entered_after is null)
    or exited_at <> entered_after
