with

memberships as (
    select
        *,
        lead(joined_at) over (
            partition by tenant_key, customer_id, segment_name
            order by membership_number
        ) as joined_after
    from {{ ref('fct_segment_memberships') }}
    where joined_at is not null
)

select
    tenant_key,
    customer_id,
    segment_name,
    membership_number
from memberships
where
    left_at <= joined_at
    or joined_after <= left_at
    or (left_at is null and joined_after is not null)
