with

customers as (
    select * from {{ ref('customer_360') }}
),

final as (
    select
        tenant_key,
        customer_key,
        customer_id,
        {{ reason_of_high_spender('high_spender_amount') }} as reason,
        as_of_date
    from customers
    where
        source_system in ({{ names_of_sources(['restaurant']) }})
        and is_high_spender
)

select * from final
