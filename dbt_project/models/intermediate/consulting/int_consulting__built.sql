-- depends_on: {{ ref('int_consulting__crm_activity_measures') }}
-- depends_on: {{ ref('int_consulting__crm_metrics_measures') }}
-- depends_on: {{ ref('int_consulting__lead_funnel_measures') }}
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
