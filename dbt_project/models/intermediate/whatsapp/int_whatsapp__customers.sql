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

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

final as (
    select
        tenants.tenant_key || ':' || conversations.customer_hash as customer_key,
        tenants.tenant_key,
        {{ source_of_key('tenants.tenant_key') }} as source_system,
        {{ shown_identifier_of_key('whatsapp', 'tenants.tenant_key') }}
        || ':' || conversations.customer_hash as customer_id,
        cast(null as {{ dbt.type_string() }}) as customer_name,
        cast(null as {{ dbt.type_string() }}) as email_hash,
        conversations.customer_hash,
        conversations.customer_hash as phone_hash,
        false as is_inferred,
        min(
            case
                when conversations.started_date <= tenants.local_date
                    then conversations.started_at
            end
        ) as first_seen_at
    from conversations
    inner join tenants on conversations.tenant_key = tenants.tenant_key
    where conversations.customer_hash is not null
    group by
        tenants.tenant_key,
        conversations.customer_hash
)

select * from final
