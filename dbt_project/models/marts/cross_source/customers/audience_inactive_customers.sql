with

customers as (
    select * from {{ ref('customer_360') }}
),

final as (
    select
        tenant_key,
        customer_key,
        customer_id,
        {{ reason_of_inactive("'" ~ var('audience_inactive_days') ~ "'") }} as reason,
        as_of_date
    from customers
    where
        source_system in ({{ names_of_sources(['restaurant']) }})
        and recency_days > {{ var('audience_inactive_days') }}
)

select * from final
