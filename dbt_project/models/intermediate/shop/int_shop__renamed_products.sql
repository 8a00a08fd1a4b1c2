with

products as (
    select * from {{ ref('int_shop__products') }}
),

noted as (
    select * from {{ ref('int_shop__changed_products') }}
),

-- Their days are looked for in facts.
final as (
    select distinct
        products.product_id,
        products.tenant_key,
        cast(null as date) as date_day
    from noted
    inner join products on noted.product_id = products.product_id
    where
        noted.product_name <> products.product_name
        or noted.category <> products.category
)

select * from final
