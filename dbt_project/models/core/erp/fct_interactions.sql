{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_erp__changed_customers'}
) }}
{{ clustered_by('customer_id', month_of='interaction_date') }}

with

staged as (
    select
        interaction_id,
        organization_id,
        {{ known_identifier('erp', 'customer_id', of='interaction_id') }}
            as customer_id,
        {{ source_key('erp', 'customer_id') }} as customer_key,
        interaction_type,
        status,
        interaction_at,
        created_at,
        updated_at
    from {{ ref('stg_erp__customer_interactions') }}
),

interactions as (
    select * from staged
    {{ where_changed('int_erp__changed_customers', 'customer_id') }}
),

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

final as (
    select
        interactions.interaction_id,
        tenants.tenant_key,
        interactions.customer_id,
        interactions.customer_key,
        coalesce(interactions.interaction_type, '{{ var("unknown_id") }}')
            as interaction_type,
        coalesce(interactions.status, '{{ var("unknown_id") }}') as status,
        {{ local_date('interactions.interaction_at', 'tenants.timezone') }}
            as interaction_date,
        interactions.interaction_at,
        interactions.created_at,
        interactions.updated_at
    from interactions
    inner join tenants
        on
            {{ tenant_key(
                'erp', 'interactions.organization_id', of='interactions.interaction_id'
            ) }} = tenants.tenant_key
)

select * from final
