with

known as (
    select * from {{ ref('int_whatsapp__known_tenants') }}
),

outlets as (
    select * from {{ ref('stg_whatsapp__outlets') }}
),

conversations as (
    select * from {{ ref('fct_conversations') }}
),

messages as (
    select * from {{ ref('fct_messages') }}
),

referenced as (
    select {{ tenant_key('whatsapp', 'tenant_id', of='outlet_id') }} as tenant_key
    from outlets
    union distinct
    select tenant_key
    from conversations
    union distinct
    select tenant_key
    from messages
),

{{ all_tenants('whatsapp', 'known', 'referenced') }}

select * from final
