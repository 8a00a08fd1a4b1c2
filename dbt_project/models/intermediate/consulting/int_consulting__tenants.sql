with

event_outbox as (
    select * from {{ ref('stg_consulting__event_outbox') }}
),

leads as (
    select * from {{ ref('stg_consulting__leads') }}
),

accounts as (
    select * from {{ ref('stg_consulting__accounts') }}
),

deals as (
    select * from {{ ref('stg_consulting__deals') }}
),

present as (
    select 1 as is_present from event_outbox
    union distinct
    select 1 as is_present from leads
    union distinct
    select 1 as is_present from accounts
    union distinct
    select 1 as is_present from deals
),

final as (
    select
        'consulting:default' as tenant_key,
        'default' as tenant_id,
        'Consulting' as tenant_name,
        'UTC' as timezone,
        true as is_inferred
    from present
)

select * from final
