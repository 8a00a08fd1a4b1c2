with

measures as (
    select * from {{ ref('int_erp__interactions_measures') }}
),

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

{{ calendar_of_measures('measures', 'tenants', ['interaction_type', 'status']) }}

select * from final
