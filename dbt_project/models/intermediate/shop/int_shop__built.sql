-- depends_on: {{ ref('int_shop__customer_activity') }}
-- depends_on: {{ ref('int_shop__customers') }}
-- depends_on: {{ ref('products_trailing') }}
-- depends_on: {{ ref('sales_trailing') }}
-- depends_on: {{ ref('web_behavior_trailing') }}
with

build as (
    select * from {{ ref('int_shop__build') }}
),

final as (
    select
        to_batch_seq,
        fingerprint,
        {{ as_of() }} as as_of
    from build
)

select * from final
