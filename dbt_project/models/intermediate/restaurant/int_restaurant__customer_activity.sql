with

visits as (
    select * from {{ ref('fct_visits') }}
),

final as (
    select
        tenant_key,
        customer_key,
        'visits' as domain,
        visit_date as activity_date
    from visits
    where visit_date is not null
    group by
        tenant_key,
        customer_key,
        visit_date
)

select * from final
