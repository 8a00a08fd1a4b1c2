{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_erp__changed_customers'}
) }}
{{ clustered_by('customer_id') }}

with

memberships as (
    select
        *,
        {{ known_identifier('erp', 'organization_id', of='membership_id') }}
            as known_organization_id,
        coalesce(segment_name, '{{ var("unknown_id") }}') as known_segment_name
    from {{ ref('stg_erp__customer_segments') }}
    {{ where_changed('int_erp__changed_customers', 'customer_id') }}
),

versions as (
    select * from {{ ref('stg_erp__customer_segment_versions') }}
),

deletions as (
    select
        membership_id,
        max(_batch_seq) as last_deletion_seq
    from versions
    where is_deleted
    group by membership_id
),

known as (
    select
        versions.membership_id,
        memberships.known_organization_id as organization_id,
        memberships.customer_id,
        coalesce(versions.segment_name, '{{ var("unknown_id") }}') as segment_name,
        versions.segment_value,
        coalesce(versions.is_active, true) as is_active,
        versions.assigned_at is not null or versions.has_implausible_assigned_at
            as has_told_assignment,
        versions.assigned_at,
        coalesce(versions.updated_at, versions._loaded_at) as updated_at,
        versions._batch_seq
    from versions
    inner join memberships
        on versions.membership_id = memberships.membership_id
    left join deletions
        on versions.membership_id = deletions.membership_id
    where
        not versions.is_deleted
        and versions._batch_seq > coalesce(deletions.last_deletion_seq, -1)
),

compared as (
    select
        *,
        -- Nobody changes a membership before it was assigned.
        greatest(coalesce(assigned_at, updated_at), updated_at) as changed_at,
        lag(assigned_at) over (
            partition by membership_id
            order by _batch_seq
        ) as previous_assigned_at,
        lag(is_active) over (
            partition by membership_id
            order by _batch_seq
        ) as previous_is_active,
        lag(segment_name) over (
            partition by membership_id
            order by _batch_seq
        ) as previous_segment_name
    from known
),

followed as (
    select
        *,
        coalesce(
            is_active = previous_is_active
            and segment_name = previous_segment_name,
            false
        ) as goes_on
    from compared
),

numbered as (
    select
        *,
        sum(case when goes_on then 0 else 1 end) over (
            partition by membership_id
            order by _batch_seq
            rows between unbounded preceding and current row
        ) as stretch_number
    from followed
),

-- Of a stretch of versions that are active in one segment, or inactive, the first tells
-- when it began, and the last what is known of it by now.
placed as (
    select
        *,
        _batch_seq = max(_batch_seq) over (
            partition by membership_id, stretch_number
        ) as is_last,
        coalesce(
            _batch_seq = max(case when has_told_assignment then _batch_seq end) over (
                partition by membership_id, stretch_number
            ),
            false
        ) as tells_assignment
    from numbered
),

stretches as (
    select
        membership_id,
        organization_id,
        customer_id,
        segment_name,
        stretch_number,
        is_active,
        max(_batch_seq) as span_order,
        max(case when is_last then segment_value end) as segment_value,
        max(case when tells_assignment then 1 else 0 end) = 1 as has_told_assignment,
        max(case when tells_assignment then assigned_at end) as assigned_at,
        max(case when not goes_on then previous_assigned_at end)
            as previous_assigned_at,
        max(case when not goes_on then updated_at end) as updated_at,
        max(case when not goes_on then changed_at end) as changed_at
    from placed
    group by
        membership_id,
        organization_id,
        customer_id,
        segment_name,
        stretch_number,
        is_active
),

-- A date that was corrected while the membership lasted holds from its beginning; one
-- that is implausible leaves the beginning unknown.
started as (
    select
        *,
        case
            when stretch_number = 1 and not has_told_assignment then updated_at
            when stretch_number = 1 then assigned_at
            when is_active and assigned_at > previous_assigned_at then assigned_at
            else changed_at
        end as started_at
    from stretches
),

spans as (
    select
        membership_id,
        organization_id,
        customer_id,
        segment_name,
        segment_value,
        span_order,
        is_active,
        started_at as joined_at,
        lead(started_at) over (
            partition by membership_id
            order by stretch_number
        ) as left_at
    from started
    union all
    -- First seen after it was left: it had been active until then.
    select
        membership_id,
        organization_id,
        customer_id,
        segment_name,
        segment_value,
        span_order,
        true as is_active,
        started_at as joined_at,
        changed_at as left_at
    from started
    where stretch_number = 1 and not is_active
),

lasting as (
    select
        *,
        span_order = max(span_order) over (partition by membership_id) as is_last_span
    from spans
    where
        is_active
        and (joined_at is null or left_at is null or left_at > joined_at)
),

final as (
    select
        membership_id,
        organization_id,
        customer_id,
        segment_name,
        segment_value,
        span_order,
        is_last_span,
        joined_at,
        left_at
    from lasting
    union all
    -- Left as soon as it was joined: a row of the source that tells of no time.
    select
        memberships.membership_id,
        memberships.known_organization_id as organization_id,
        memberships.customer_id,
        memberships.known_segment_name as segment_name,
        memberships.segment_value,
        memberships._batch_seq as span_order,
        true as is_last_span,
        lasting.joined_at,
        lasting.left_at
    from memberships
    left join lasting on memberships.membership_id = lasting.membership_id
    where lasting.membership_id is null
)

select * from final
