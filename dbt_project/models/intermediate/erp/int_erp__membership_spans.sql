{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_erp__changed_customers'}
) }}
{{ clustered_by('customer_id') }}

with

memberships as (
    select * from {{ ref('stg_erp__customer_segments') }}
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
        coalesce(memberships.organization_id, '{{ var("unknown_id") }}')
            as organization_id,
        memberships.customer_id,
        coalesce(versions.segment_name, '{{ var("unknown_id") }}') as segment_name,
        versions.segment_value,
        coalesce(versions.is_active, true) as is_active,
        coalesce(versions.assigned_at, versions.updated_at, versions._loaded_at)
            as assigned_at,
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
        greatest(assigned_at, updated_at) as changed_at,
        lag(assigned_at) over (
            partition by membership_id
            order by _batch_seq
        ) as previous_assigned_at
    from known
),

started as (
    select
        *,
        case
            when
                is_active
                and (
                    previous_assigned_at is null
                    or assigned_at > previous_assigned_at
                )
                then assigned_at
            else changed_at
        end as started_at
    from compared
),

spans as (
    select
        membership_id,
        organization_id,
        customer_id,
        segment_name,
        segment_value,
        is_active,
        _batch_seq as span_order,
        started_at as joined_at,
        lead(started_at) over (
            partition by membership_id
            order by _batch_seq
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
        true as is_active,
        _batch_seq as span_order,
        assigned_at as joined_at,
        changed_at as left_at
    from started
    where previous_assigned_at is null and not is_active
),

final as (
    select
        membership_id,
        organization_id,
        customer_id,
        segment_name,
        segment_value,
        span_order,
        joined_at,
        left_at
    from spans
    where
        is_active
        and (left_at is null or left_at > joined_at)
)

select * from final
