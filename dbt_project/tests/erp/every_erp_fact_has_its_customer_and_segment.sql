select
    memberships.customer_key,
    memberships.segment_name
from {{ ref('fct_segment_memberships') }} as memberships
left join {{ ref('int_erp__customers') }} as customers
    on memberships.customer_key = customers.customer_key
left join {{ ref('dim_segments') }} as segments
    on
        memberships.tenant_key = segments.tenant_key
        and memberships.segment_name = segments.segment_name
where customers.customer_key is null or segments.segment_name is null
union all
select
    interactions.customer_key,
    null as segment_name
from {{ ref('fct_interactions') }} as interactions
left join {{ ref('int_erp__customers') }} as customers
    on interactions.customer_key = customers.customer_key
where
    interactions.customer_key is not null
    and customers.customer_key is null
