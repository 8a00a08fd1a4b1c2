select
    campaign_id,
    delivery_rate as rate
from {{ ref('campaigns_daily') }}
where delivery_rate < 0 or delivery_rate > 1
union all
select
    campaign_id,
    delivery_rate as rate
from {{ ref('campaign_performance') }}
where delivery_rate < 0 or delivery_rate > 1
union all
select
    campaign_id,
    conversion_rate as rate
from {{ ref('campaign_performance') }}
where conversion_rate < 0 or conversion_rate > 1
