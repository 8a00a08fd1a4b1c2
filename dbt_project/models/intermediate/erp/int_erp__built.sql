-- depends_on: {{ ref('int_erp__customer_activity') }}
-- depends_on: {{ ref('int_erp__customers') }}
-- depends_on: {{ ref('interactions_trailing') }}
-- depends_on: {{ ref('segments_trailing') }}
with

build as (
    select * from {{ ref('int_erp__build') }}
),

final as (
    select
        to_batch_seq,
        fingerprint,
        {{ as_of() }} as as_of
    from build
)

select * from final
