{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_erp__changed_customers'}
) }}
{{ clustered_by('customer_id') }}

with

interactions as (
    select * from {{ ref('fct_interactions') }}
    {{ where_changed('int_erp__changed_customers', 'customer_id') }}
),

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

final as (
    select
        interactions.tenant_key,
        interactions.customer_key,
        interactions.customer_id,
        'interactions' as domain,
        cast(0 as numeric(38, 9)) as revenue_amount,
        interactions.interaction_date as activity_date
    from interactions
    inner join tenants
        on
            interactions.tenant_key = tenants.tenant_key
            and interactions.interaction_date <= tenants.local_date
    where interactions.customer_key is not null
    group by
        interactions.tenant_key,
        interactions.customer_key,
        interactions.customer_id,
        interactions.interaction_date
)

select * from final
