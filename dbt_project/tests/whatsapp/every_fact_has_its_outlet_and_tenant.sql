with

facts as (
    select
        tenant_key,
        outlet_id
    from {{ ref('fct_conversations') }}
    union distinct
    select
        tenant_key,
        outlet_id
    from {{ ref('fct_messages') }}
)

select facts.*
from facts
left join {{ ref('dim_outlets') }} as outlets
    on
        facts.tenant_key = outlets.tenant_key
        and facts.outlet_id = outlets.outlet_id
left join {{ ref('int_whatsapp__tenants') }} as tenants
    on facts.tenant_key = tenants.tenant_key
where outlets.outlet_id is null or tenants.tenant_key is null
