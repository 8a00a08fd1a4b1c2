with

interactions as (
    select * from {{ ref('fct_interactions') }}
),

final as (
    select
        tenant_key,
        customer_key,
        'interactions' as domain,
        cast(0 as numeric(38, 9)) as revenue_amount,
        interaction_date as activity_date
    from interactions
    where customer_key is not null
    group by
        tenant_key,
        customer_key,
        interaction_date
)

select * from final
