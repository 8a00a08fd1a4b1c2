{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': 'int_erp__changed_periods'}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}

with

memberships as (
    select * from {{ ref('fct_segment_memberships') }}
),

interactions as (
    select * from {{ ref('fct_interactions') }}
),

-- A membership is counted where it begins and where it ends; the days between, on which
-- the customer is a member, follow from those two.
moves as (
    select
        tenant_key,
        segment_name,
        1 as joined,
        0 as departed,
        0 as interaction,
        cast(null as {{ dbt.type_string() }}) as active_customer_id,
        joined_date as move_date
    from memberships
    union all
    select
        tenant_key,
        segment_name,
        0 as joined,
        1 as departed,
        0 as interaction,
        cast(null as {{ dbt.type_string() }}) as active_customer_id,
        left_date as move_date
    from memberships
    where
        left_date is not null
        and joined_date is not null
    union all
    select
        memberships.tenant_key,
        memberships.segment_name,
        0 as joined,
        0 as departed,
        1 as interaction,
        memberships.customer_id as active_customer_id,
        interactions.interaction_date as move_date
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
),

days as (
    {{ days_to_measure('int_erp__changed_periods', 'moves', 'move_date') }}
),

final as (
    select
        moves.tenant_key,
        moves.segment_name,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        cast(sum(moves.joined) as bigint) as members_joined,
        cast(sum(moves.departed) as bigint) as members_left,
        cast(sum(moves.interaction) as bigint) as interactions,
        count(distinct moves.active_customer_id) as distinct_active_members
    from days
    inner join moves
        on
            days.tenant_key = moves.tenant_key
            and days.date_day = moves.move_date
    group by
        moves.tenant_key,
        moves.segment_name,
        days.grain,
        days.period_start_date,
        days.period_end_date
)

select * from final
