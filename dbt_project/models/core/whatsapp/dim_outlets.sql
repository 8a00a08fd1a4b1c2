with

outlets as (
    select * from {{ ref('stg_whatsapp__outlets') }}
),

conversations as (
    select * from {{ ref('int_whatsapp__conversations_measures') }}
),

messages as (
    select * from {{ ref('int_whatsapp__messages_measures') }}
),

named as (
    select
        {{ tenant_key('whatsapp', 'tenant_id', of='outlet_id') }} as tenant_key,
        outlet_id,
        outlet_name
    from outlets
),

referenced as (
    select
        tenant_key,
        outlet_id
    from conversations
    union distinct
    select
        tenant_key,
        outlet_id
    from messages
),

final as (
    select
        coalesce(named.tenant_key, referenced.tenant_key) as tenant_key,
        coalesce(named.outlet_id, referenced.outlet_id) as outlet_id,
        coalesce(named.outlet_name, named.outlet_id, referenced.outlet_id)
            as outlet_name,
        named.outlet_id is null as is_inferred
    from named
    full outer join referenced
        on
            named.tenant_key = referenced.tenant_key
            and named.outlet_id = referenced.outlet_id
)

select * from final
