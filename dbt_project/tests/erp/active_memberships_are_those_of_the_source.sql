with

staged as (
    select distinct
        {{ tenant_key('erp', 'staged.organization_id', of='staged.membership_id') }}
            as tenant_key,
        staged.customer_id,
        coalesce(staged.segment_name, '{{ var("unknown_id") }}') as segment_name
    from {{ ref('stg_erp__customer_segments') }} as staged
    inner join {{ ref('int_erp__membership_spans') }} as spans
        on staged.membership_id = spans.membership_id
    inner join {{ ref('int_erp__tenants') }} as tenants
        on
            {{ tenant_key('erp', 'staged.organization_id', of='staged.membership_id') }}
            = tenants.tenant_key
    where
        spans.is_last_span
        and (
            coalesce(staged.is_active, true)
            or {{ local_date('spans.left_at', 'tenants.timezone') }}
            > tenants.local_date
        )
        and {{ local_date('spans.joined_at', 'tenants.timezone') }}
        <= tenants.local_date
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
