with

visits as (
    select * from {{ ref('fct_visits') }}
),

final as (
    select
        tenant_key,
        customer_key,
        'visits' as domain,
        cast(coalesce(sum(spend_amount), 0) as numeric(38, 9)) as revenue_amount,
        visit_date as activity_date
    from visits
    group by
        tenant_key,
        customer_key,
        visit_date
)

select * from final
