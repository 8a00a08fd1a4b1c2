with

calendar as (
    select * from {{ ref('int_shop__calendar') }}
),

measures as (
    select * from {{ ref('int_shop__products_measures') }}
),

members as (
    select distinct
        tenant_key,
        product_id
    from measures
    where grain = 'day'
),

measured as (
    select
        calendar.tenant_key,
        members.product_id,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        {% for measure in [
            'views', 'cart_adds', 'cart_removes', 'wishlist_adds', 'reviews',
            'purchases', 'units_sold', 'purchases_without_quantity',
            'purchases_without_price', 'purchases_in_other_currencies',
            'distinct_viewers', 'distinct_buyers'
        ] -%}
        coalesce(measures.{{ measure }}, 0) as {{ measure }},
        {% endfor -%}
        cast(coalesce(measures.revenue_amount, 0) as numeric(38, 9))
            as revenue_amount
    from calendar
    inner join members on calendar.tenant_key = members.tenant_key
    left join measures
        on
            calendar.tenant_key = measures.tenant_key
            and members.product_id = measures.product_id
            and calendar.grain = measures.grain
            and calendar.period_start_date = measures.period_start_date
),

final as (
    select
        measured.*,
        '{{ var("default_currency_code") }}' as currency_code,
        {{ ratio('measured.purchases', 'measured.views') }} as view_to_purchase_rate
    from measured
)

select * from final
