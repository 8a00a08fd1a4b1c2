with

staged as (
    select distinct
        'erp:' || coalesce(organization_id, '{{ var("unknown_id") }}') as tenant_key,
        customer_id,
        coalesce(segment_name, '{{ var("unknown_id") }}') as segment_name
    from {{ ref('stg_erp__customer_segments') }}
    where coalesce(is_active, true)
),

facts as (
    select
        tenant_key,
        customer_id,
        segment_name
    from {{ ref('fct_segment_memberships') }}
    where is_current
)

select
    coalesce(staged.tenant_key, facts.tenant_key) as tenant_key,
    coalesce(staged.customer_id, facts.customer_id) as customer_id,
    coalesce(staged.segment_name, facts.segment_name) as segment_name
from staged
full outer join facts
    on
        staged.tenant_key = facts.tenant_key
        and staged.customer_id = facts.customer_id
        and staged.segment_name = facts.segment_name
where staged.customer_id is null or facts.customer_id is null
