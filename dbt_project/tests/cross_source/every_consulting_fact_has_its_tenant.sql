with

facts as (
    select tenant_key from {{ ref('fct_crm_events') }}
    union distinct
    select tenant_key from {{ ref('fct_deals') }}
    union distinct
    select tenant_key from {{ ref('fct_lead_stages') }}
)

select facts.tenant_key
from facts
left join {{ ref('dim_tenants') }} as tenants
    on facts.tenant_key = tenants.tenant_key
where tenants.tenant_key is null
