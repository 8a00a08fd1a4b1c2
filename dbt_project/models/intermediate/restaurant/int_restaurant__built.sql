-- depends_on: {{ ref('campaigns_trailing') }}
-- depends_on: {{ ref('int_restaurant__customer_activity') }}
-- depends_on: {{ ref('int_restaurant__customer_totals') }}
-- depends_on: {{ ref('int_restaurant__customers') }}
-- depends_on: {{ ref('visits_trailing') }}
with

build as (
    select * from {{ ref('int_restaurant__build') }}
),

final as (
    select
        to_batch_seq,
        fingerprint,
        {{ as_of() }} as as_of
    from build
)

select * from final
