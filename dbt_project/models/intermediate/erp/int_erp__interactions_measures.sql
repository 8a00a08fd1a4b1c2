{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_erp__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

interactions as (
    select * from {{ ref('fct_interactions') }}
),

days as (
    {{ days_to_measure(
        'int_erp__changed_periods', 'interactions', 'interaction_date'
    ) }}
),

final as (
    select
        interactions.tenant_key,
        interactions.interaction_type,
        interactions.status,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        count(*) as total_interactions,
        count(distinct interactions.customer_key) as distinct_customers
    from days
    inner join interactions
        on
            days.tenant_key = interactions.tenant_key
            and days.date_day = interactions.interaction_date
    group by
        interactions.tenant_key,
        interactions.interaction_type,
        interactions.status,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
