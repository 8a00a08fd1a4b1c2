{{ config(materialized='view') }}

with

memberships as (
    select * from {{ ref('fct_segment_memberships') }}
),

interactions as (
    select * from {{ ref('fct_interactions') }}
),

final as (
    select
        memberships.tenant_key,
        memberships.segment_name,
        memberships.customer_id,
        interactions.interaction_type,
        interactions.interaction_date
    from interactions
    inner join memberships
        on
            interactions.tenant_key = memberships.tenant_key
            and interactions.customer_id = memberships.customer_id
            and interactions.interaction_at >= memberships.joined_at
            and (
                memberships.left_at is null
                or interactions.interaction_at < memberships.left_at
            )
)

select * from final
