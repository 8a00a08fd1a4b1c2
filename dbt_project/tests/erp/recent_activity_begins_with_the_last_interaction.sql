with

latest as (
    select
        customer_key,
        max(activity_rank) as ranks,
        count(*) as interactions,
        max(case when activity_rank = 1 then interaction_date end)
            as last_interaction_date
    from {{ ref('recent_activity') }}
    group by customer_key
)

select
    analytics.customer_key,
    analytics.last_interaction_date,
    latest.last_interaction_date as recent_interaction_date
from {{ ref('customer_analytics') }} as analytics
left join latest on analytics.customer_key = latest.customer_key
where
    latest.ranks <> latest.interactions
    or coalesce(
        latest.last_interaction_date <> analytics.last_interaction_date,
        latest.customer_key is not null
        or analytics.last_interaction_date is not null
    )
