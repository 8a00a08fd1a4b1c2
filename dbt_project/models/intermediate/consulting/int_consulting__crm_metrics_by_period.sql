with

calendar as (
    select * from {{ ref('int_consulting__crm_metrics_calendar') }}
),

measures as (
    select * from {{ ref('int_consulting__crm_metrics_measures') }}
),

final as (
    select
        calendar.tenant_key,
        calendar.currency_code,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        coalesce(measures.leads_created, 0) as leads_created,
        coalesce(measures.lead_updates, 0) as lead_updates,
        coalesce(measures.accounts_created, 0) as accounts_created,
        coalesce(measures.account_updates, 0) as account_updates,
        coalesce(measures.deals_won, 0) as deals_won,
        coalesce(measures.deals_lost, 0) as deals_lost,
        coalesce(measures.won_amount, 0) as won_amount
    from calendar
    left join measures
        on
            calendar.tenant_key = measures.tenant_key
            and calendar.currency_code = measures.currency_code
            and calendar.grain = measures.grain
            and calendar.period_start_date = measures.period_start_date
)

select * from final
