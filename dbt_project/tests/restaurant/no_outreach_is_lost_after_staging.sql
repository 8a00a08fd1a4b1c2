with

staged as (
    select
        campaign_id,
        customer_id,
        count(*) as source_rows
    from {{ ref('stg_restaurant__outreach_events') }}
    group by
        campaign_id,
        customer_id
)

select
    coalesce(staged.campaign_id, facts.campaign_id) as campaign_id,
    coalesce(staged.customer_id, facts.customer_id) as customer_id
from staged
full outer join {{ ref('fct_outreach') }} as facts
    on
        staged.campaign_id = facts.campaign_id
        and staged.customer_id = facts.customer_id
where
    staged.campaign_id is null
    or facts.campaign_id is null
    or staged.source_rows <> facts.source_rows
