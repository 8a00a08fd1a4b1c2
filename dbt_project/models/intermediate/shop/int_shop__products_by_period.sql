with

clock as (
    select * from {{ ref('int_shop__clock') }}
),

measures as (
    select * from {{ ref('int_shop__products_measures') }}
),

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

-- There are too many products for days on which nothing happened to them.
measured as (
    select
        measures.tenant_key,
        measures.product_id,
        tenants.currency_code,
        measures.grain,
        measures.period_start_date,
        measures.period_end_date,
        measures.period_end_date < clock.local_date as is_complete,
        {% for measure in [
            'views', 'cart_adds', 'cart_removes', 'wishlist_adds', 'reviews',
            'purchases', 'units_sold', 'purchases_without_quantity',
            'purchases_without_price', 'purchases_in_other_currencies',
            'distinct_viewers', 'distinct_buyers'
        ] -%}
        measures.{{ measure }},
        {% endfor -%}
        measures.revenue_amount
    from measures
    inner join clock on measures.tenant_key = clock.tenant_key
    inner join tenants on measures.tenant_key = tenants.tenant_key
),

final as (
    select
        measured.*,
        {{ ratio('measured.purchases', 'measured.views') }} as view_to_purchase_rate
    from measured
)

select * from final
