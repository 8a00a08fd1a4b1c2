with

calendar as (
    select * from {{ ref('int_restaurant__visits_calendar') }}
),

measures as (
    select * from {{ ref('int_restaurant__visits_measures') }}
),

counted as (
    select
        calendar.tenant_key,
        calendar.currency_code,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        coalesce(measures.total_visits, 0) as total_visits,
        coalesce(measures.visits_with_spend, 0) as visits_with_spend,
        cast(coalesce(measures.total_spend_amount, 0) as numeric(38, 9))
            as total_spend_amount,
        coalesce(measures.distinct_customers, 0) as distinct_customers,
        coalesce(measures.new_customers, 0) as new_customers
    from calendar
    left join measures
        on
            calendar.tenant_key = measures.tenant_key
            and calendar.currency_code = measures.currency_code
            and calendar.grain = measures.grain
            and calendar.period_start_date = measures.period_start_date
),

final as (
    select
        counted.*,
        {{ ratio('counted.total_spend_amount', 'counted.total_visits') }}
            as average_spend_amount,
        counted.distinct_customers - counted.new_customers as returning_customers
    from counted
)

select * from final
