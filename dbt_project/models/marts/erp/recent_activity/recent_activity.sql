{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_erp__changed_customers'}
) }}
{{ clustered_by('customer_id') }}

with

customers as (
    select * from {{ ref('int_erp__customers') }}
    {{ where_changed('int_erp__changed_customers', 'customer_id') }}
),

interactions as (
    select * from {{ ref('fct_interactions') }}
    {{ where_changed('int_erp__changed_customers', 'customer_id') }}
),

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

ranked as (
    select
        interactions.*,
        row_number() over (
            partition by interactions.customer_key
            order by
                interactions.interaction_at desc,
                {{ sortable_id('interactions.interaction_id') }} desc
        ) as activity_rank
    from customers
    inner join interactions
        on
            customers.tenant_key = interactions.tenant_key
            and customers.customer_key = interactions.customer_key
    inner join tenants
        on
            interactions.tenant_key = tenants.tenant_key
            and interactions.interaction_date <= tenants.local_date
    where not customers.is_inferred
),

final as (
    select
        customer_key,
        tenant_key,
        customer_id,
        cast(activity_rank as bigint) as activity_rank,
        interaction_id,
        interaction_type,
        status,
        interaction_date,
        interaction_at
    from ranked
    where activity_rank <= 10
)

select * from final
