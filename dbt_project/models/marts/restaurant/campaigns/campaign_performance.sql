with

campaigns as (
    select * from {{ ref('dim_campaigns') }}
),

outreach as (
    select * from {{ ref('fct_outreach') }}
),

totals as (
    select
        campaign_id,
        count(*) as total_outreach,
        count(case when status = 'queued' then 1 end) as queued,
        count(case when status = 'sent' then 1 end) as sent,
        count(case when status = 'failed' then 1 end) as failed,
        count(distinct case when status = 'sent' then customer_id end)
            as distinct_customers_reached,
        count(distinct case when has_attributed_visit then customer_id end)
            as converted_customers,
        cast(sum(attributed_visits) as bigint) as attributed_visits,
        cast(sum(attributed_spend_amount) as numeric(38, 9)) as attributed_spend_amount
    from outreach
    group by campaign_id
),

joined as (
    select
        campaigns.tenant_key,
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.status,
        campaigns.segment_type,
        '{{ var("default_currency_code") }}' as currency_code,
        campaigns.segment_value,
        coalesce(totals.total_outreach, 0) as total_outreach,
        coalesce(totals.queued, 0) as queued,
        coalesce(totals.sent, 0) as sent,
        coalesce(totals.failed, 0) as failed,
        coalesce(totals.sent + totals.failed, 0) as delivery_attempts,
        coalesce(totals.distinct_customers_reached, 0) as distinct_customers_reached,
        coalesce(totals.attributed_visits, 0) as attributed_visits,
        cast(coalesce(totals.attributed_spend_amount, 0) as numeric(38, 9))
            as attributed_spend_amount,
        coalesce(totals.converted_customers, 0) as converted_customers
    from campaigns
    left join totals on campaigns.campaign_id = totals.campaign_id
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
        attributed_spend_amount,
        converted_customers,
        {{ ratio('converted_customers', 'distinct_customers_reached') }}
            as conversion_rate
    from joined
)

select * from final
