with

customers as (
    select * from {{ ref('customer_360') }}
),

final as (
    select
        tenant_key,
        customer_key,
        customer_id,
        'inactive_days: last visit '
        || cast(last_activity_date as {{ dbt.type_string() }})
        || ', more than {{ var("audience_inactive_days") }} days before '
        || cast(as_of_date as {{ dbt.type_string() }}) as reason,
        as_of_date
    from customers
    where
        source_system = 'restaurant'
        and recency_days > {{ var('audience_inactive_days') }}
)

select * from final
