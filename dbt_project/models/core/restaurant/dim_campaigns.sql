with

campaigns as (
    select * from {{ ref('stg_restaurant__campaigns') }}
),

outreach as (
    select * from {{ ref('fct_outreach') }}
),

tenants as (
    select * from {{ ref('int_restaurant__tenants') }}
),

referenced as (
    select distinct campaign_id
    from outreach
),

joined as (
    select
        coalesce(campaigns.campaign_id, referenced.campaign_id) as campaign_id,
        campaigns.restaurant_id,
        coalesce(
            campaigns.campaign_name, campaigns.campaign_id, referenced.campaign_id
        ) as campaign_name,
        coalesce(campaigns.status, 'unknown') as status,
        coalesce(campaigns.segment_type, 'unknown') as segment_type,
        campaigns.message_template,
        campaigns.segment_value,
        coalesce(campaigns.has_segment_rule, false) as has_segment_rule,
        campaigns.campaign_id is null as is_inferred,
        campaigns.created_at,
        campaigns.updated_at
    from campaigns
    full outer join referenced on campaigns.campaign_id = referenced.campaign_id
),

final as (
    select
        joined.campaign_id,
        tenants.tenant_key,
        joined.campaign_name,
        joined.status,
        joined.segment_type,
        joined.message_template,
        joined.segment_value,
        joined.has_segment_rule,
        joined.is_inferred,
        joined.created_at,
        joined.updated_at
    from joined
    inner join tenants
        on
            {{ tenant_key(
                'restaurant', 'joined.restaurant_id', of='joined.campaign_id'
            ) }} = tenants.tenant_key
)

select * from final
