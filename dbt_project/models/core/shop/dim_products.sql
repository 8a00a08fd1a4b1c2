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

-- The latest event that tells a price comes first.
ranked as (
    select
        *,
        row_number() over (
            partition by tenant_key, product_id
            order by
                case when price_amount is null then 1 else 0 end,
                case when passed_at is null then 1 else 0 end,
                passed_at desc,
                {{ sortable_id('event_id') }} desc
        ) = 1 and price_amount is not null as is_latest_price
    from events
),

seen as (
    select
        tenant_key,
        product_id,
        max(case when is_latest_price then currency_code end) as currency_code,
        max(case when is_latest_price then price_amount end) as price_amount,
        min(passed_at) as first_seen_at,
        max(passed_at) as last_seen_at
    from ranked
    group by tenant_key, product_id
),

final as (
    select
        seen.tenant_key,
        seen.product_id,
        products.product_name,
        products.category,
        coalesce(seen.currency_code, tenants.currency_code) as currency_code,
        seen.price_amount,
        seen.first_seen_at,
        seen.last_seen_at
    from seen
    inner join tenants on seen.tenant_key = tenants.tenant_key
    inner join products
        on
            seen.tenant_key = products.tenant_key
            and seen.product_id = products.product_id
)

select * from final
