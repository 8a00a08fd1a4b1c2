with

customers as (
    select * from {{ ref('customer_360') }}
),

final as (
    select
        tenant_key,
        customer_key,
        customer_id,
        'high_spenders: lifetime spend of at least '
        || {{ amount_text('high_spender_amount') }} || ' ' || currency_code as reason,
        as_of_date
    from customers
    where
        source_system = 'restaurant'
        and is_high_spender
)

select * from final
