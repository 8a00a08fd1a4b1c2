{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_restaurant__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

visits as (
    select * from {{ ref('fct_visits') }}
    {{ where_measured('int_restaurant__changed_periods', 'visit_date') }}
),

days as (
    {{ days_to_measure(
        'int_restaurant__changed_periods', ref('fct_visits'), 'visit_date'
    ) }}
),

final as (
    select
        days.tenant_key,
        visits.currency_code,
        days.grain,
        count(*) as total_visits,
        count(visits.spend_amount) as visits_with_spend,
        cast(coalesce(sum(visits.spend_amount), 0) as numeric(38, 9))
            as total_spend_amount,
        count(distinct visits.customer_id) as distinct_customers,
        count(case when visits.is_first_visit then 1 end) as new_customers,
        days.period_start_date,
        days.period_end_date
    from days
    inner join visits
        on
            days.tenant_key = visits.tenant_key
            and days.date_day = visits.visit_date
    group by
        days.tenant_key,
        visits.currency_code,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
