with

campaigns as (
    select * from {{ ref('dim_campaigns') }}
),

tenants as (
    select * from {{ ref('int_restaurant__tenants') }}
),

-- What lies after the tenant's local day is none yet; what has no date is.
outreach as (
    select facts.*
    from {{ ref('fct_outreach') }} as facts
    inner join tenants on facts.tenant_key = tenants.tenant_key
    where
        facts.outreach_date is null
        or facts.outreach_date <= tenants.local_date
),

attributed_visits as (
    select visits.*
    from {{ ref('int_restaurant__attributed_visits') }} as visits
    inner join tenants
        on
            visits.tenant_key = tenants.tenant_key
            and visits.visit_date <= tenants.local_date
),

totals as (
    select
        campaign_id,
        count(*) as total_outreach,
        count(case when status = 'queued' then 1 end) as queued,
        count(case when status = 'sent' then 1 end) as sent,
        count(case when status = 'failed' then 1 end) as failed,
        count(distinct case when status = 'sent' then customer_id end)
            as distinct_customers_reached
    from outreach
    group by campaign_id
),

attributions as (
    select
        outreach.campaign_id,
        count(*) as attributed_visits,
        count(
            case
                when attributed_visits.currency_code <> outreach.currency_code then 1
            end
        ) as attributed_visits_in_other_currencies,
        sum(
            case
                when attributed_visits.currency_code = outreach.currency_code
                    then attributed_visits.spend_amount
            end
        ) as attributed_spend_amount,
        count(distinct outreach.customer_id) as converted_customers
    from outreach
    inner join attributed_visits
        on outreach.outreach_event_id = attributed_visits.outreach_event_id
    group by outreach.campaign_id
),

joined as (
    select
        campaigns.tenant_key,
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.status,
        campaigns.segment_type,
        tenants.currency_code,
        campaigns.segment_value,
        coalesce(totals.total_outreach, 0) as total_outreach,
        coalesce(totals.queued, 0) as queued,
        coalesce(totals.sent, 0) as sent,
        coalesce(totals.failed, 0) as failed,
        coalesce(totals.sent + totals.failed, 0) as delivery_attempts,
        coalesce(totals.distinct_customers_reached, 0) as distinct_customers_reached,
        coalesce(attributions.attributed_visits, 0) as attributed_visits,
        coalesce(attributions.attributed_visits_in_other_currencies, 0)
            as attributed_visits_in_other_currencies,
        cast(coalesce(attributions.attributed_spend_amount, 0) as numeric(38, 9))
            as attributed_spend_amount,
        coalesce(attributions.converted_customers, 0) as converted_customers
    from campaigns
    inner join tenants on campaigns.tenant_key = tenants.tenant_key
    left join totals on campaigns.campaign_id = totals.campaign_id
    left join attributions on campaigns.campaign_id = attributions.campaign_id
),

final as (
    select
        tenant_key,
        campaign_id,
        campaign_name,
        status,
        segment_type,
        currency_code,
        segment_value,
        total_outreach,
        queued,
        sent,
        failed,
        delivery_attempts,
        {{ ratio('sent', 'delivery_attempts') }} as delivery_rate,
        distinct_customers_reached,
        attributed_visits,
        attributed_visits_in_other_currencies,
        attributed_spend_amount,
        converted_customers,
        {{ ratio('converted_customers', 'distinct_customers_reached') }}
            as conversion_rate
    from joined
)

select * from final
