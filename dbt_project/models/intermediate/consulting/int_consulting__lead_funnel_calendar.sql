with

measures as (
    select * from {{ ref('int_consulting__lead_funnel_measures') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

{{ calendar_of_measures('measures', 'tenants', ['stage']) }}

select * from final
