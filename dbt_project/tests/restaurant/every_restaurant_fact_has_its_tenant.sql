with

facts as (
    select tenant_key from {{ ref('fct_visits') }}
    union distinct
    select tenant_key from {{ ref('fct_outreach') }}
    union distinct
    select tenant_key from {{ ref('dim_campaigns') }}
)

select facts.tenant_key
from facts
left join {{ ref('int_restaurant__tenants') }} as tenants
    on facts.tenant_key = tenants.tenant_key
where tenants.tenant_key is null
