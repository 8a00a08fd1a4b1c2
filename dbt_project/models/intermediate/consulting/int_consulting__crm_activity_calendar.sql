with

measures as (
    select * from {{ ref('int_consulting__crm_activity_measures') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

{{ calendar_of_measures('measures', 'tenants', ['event_type']) }}

select * from final
