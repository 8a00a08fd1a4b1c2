{{ config(materialized='view') }}

with

memberships as (
    select * from {{ ref('fct_segment_memberships') }}
),

interactions as (
    select * from {{ ref('int_erp__member_interactions') }}
),

-- A membership is counted where it begins and where it ends; the days between, on which
-- the customer is a member, follow from those two.
final as (
    select
        tenant_key,
        segment_name,
        customer_id,
        'joined' as move,
        joined_date as move_date
    from memberships
    union all
    select
        tenant_key,
        segment_name,
        customer_id,
        'left' as move,
        left_date as move_date
    from memberships
    where
        left_date is not null
        and joined_date is not null
    union all
    select
        tenant_key,
        segment_name,
        customer_id,
        'interaction' as move,
        interaction_date as move_date
    from interactions
)

select * from final
