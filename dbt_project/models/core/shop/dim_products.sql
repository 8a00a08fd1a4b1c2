with

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

products as (
    select * from {{ ref('int_shop__products') }}
),

-- What lies after the local day, or on none, is not the latest.
events as (
    select
        facts.*,
        case when facts.event_date <= tenants.local_date then facts.occurred_at end
            as passed_at
    from {{ ref('fct_product_events') }} as facts
    inner join tenants on facts.tenant_key = tenants.tenant_key
),

priced as (
    select
        tenant_key,
        product_id,
        currency_code,
        price_amount,
        row_number() over (
            partition by tenant_key, product_id
            order by
                case when passed_at is null then 1 else 0 end,
                passed_at desc,
                {{ sortable_id('event_id') }} desc
        ) as recency
    from events
    where price_amount is not null
),

seen as (
    select
        tenant_key,
        product_id,
        min(passed_at) as first_seen_at,
        max(passed_at) as last_seen_at
    from events
    group by tenant_key, product_id
),

final as (
    select
        seen.tenant_key,
        seen.product_id,
        products.product_name,
        products.category,
        coalesce(priced.currency_code, tenants.currency_code) as currency_code,
        priced.price_amount,
        seen.first_seen_at,
        seen.last_seen_at
    from seen
    inner join tenants on seen.tenant_key = tenants.tenant_key
    inner join products
        on
            seen.tenant_key = products.tenant_key
            and seen.product_id = products.product_id
    left join priced
        on
            seen.tenant_key = priced.tenant_key
            and seen.product_id = priced.product_id
            and priced.recency = 1
)

select * from final
