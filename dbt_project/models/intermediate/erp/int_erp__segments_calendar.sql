with

measures as (
    select * from {{ ref('int_erp__segments_measures') }}
),

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

{{ calendar_of_measures('measures', 'tenants', ['segment_name']) }}

select * from final
