with

measures as (
    select * from {{ ref('int_consulting__crm_metrics_measures') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

{{ calendar_of_measures('measures', 'tenants', ['currency_code']) }}

select * from final
