-- depends_on: {{ ref('crm_activity_trailing') }}
-- depends_on: {{ ref('crm_metrics_trailing') }}
-- depends_on: {{ ref('lead_funnel_trailing') }}
with

build as (
    select * from {{ ref('int_consulting__build') }}
),

final as (
    select
        to_batch_seq,
        fingerprint,
        {{ as_of() }} as as_of
    from build
)

select * from final
