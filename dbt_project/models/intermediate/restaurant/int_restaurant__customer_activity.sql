{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_restaurant__changed_customers'}
) }}
{{ clustered_by('customer_id') }}

with

visits as (
    select * from {{ ref('fct_visits') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

final as (
    select
        tenant_key,
        customer_key,
        customer_id,
        'visits' as domain,
        visit_date as activity_date
    from visits
    where visit_date is not null
    group by
        tenant_key,
        customer_key,
        customer_id,
        visit_date
)

select * from final
