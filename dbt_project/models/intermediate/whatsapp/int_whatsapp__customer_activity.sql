with

conversations as (
    select * from {{ ref('fct_conversations') }}
    where
        customer_hash is not null
        and started_date is not null
),

final as (
    select distinct
        tenant_key,
        tenant_key || ':' || customer_hash as customer_key,
        'conversations' as domain,
        cast(0 as numeric(38, 9)) as revenue_amount,
        started_date as activity_date
    from conversations
)

select * from final
