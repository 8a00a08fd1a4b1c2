{{ config(
    materialized='incremental',
    unique_key='customer_hash',
    meta={'changed': 'int_whatsapp__changed_customers'}
) }}
{{ clustered_by('customer_hash') }}

with

conversations as (
    select * from {{ ref('fct_conversations') }}
    {{ where_changed('int_whatsapp__changed_customers', 'customer_hash') }}
),

final as (
    select distinct
        tenant_key,
        tenant_key || ':' || customer_hash as customer_key,
        customer_hash,
        'conversations' as domain,
        cast(0 as numeric(38, 9)) as revenue_amount,
        started_date as activity_date
    from conversations
    where
        customer_hash is not null
        and started_date is not null
)

select * from final
