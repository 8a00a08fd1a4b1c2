with

user_events as (
    select * from {{ ref('stg_shop__user_events') }}
),

product_events as (
    select * from {{ ref('stg_shop__product_events') }}
),

order_events as (
    select * from {{ ref('stg_shop__order_events') }}
),

present as (
    select 1 as is_present from user_events
    union distinct
    select 1 as is_present from product_events
    union distinct
    select 1 as is_present from order_events
),

final as (
    select
        'shop:default' as tenant_key,
        'default' as tenant_id,
        'Shop' as tenant_name,
        'UTC' as timezone,
        true as is_inferred
    from present
)

select * from final
