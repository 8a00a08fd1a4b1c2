{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_erp__changed_customers'}
) }}
{{ clustered_by('customer_id', month_of='joined_date') }}

with

spans as (
    select
        *,
        joined_at is not null as is_dated,
        coalesce(left_at, {{ timestamp_literal('9999-12-31T00:00:00+00:00') }})
            as covered_until
    from {{ ref('int_erp__membership_spans') }}
    {{ where_changed('int_erp__changed_customers', 'customer_id') }}
),

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

-- Rows of the source that touch or overlap are one membership; those of which nobody
-- knows when they began are another.
compared as (
    select
        *,
        max(covered_until) over (
            partition by organization_id, customer_id, segment_name, is_dated
            order by joined_at, membership_id, span_order
            rows between unbounded preceding and 1 preceding
        ) as covered_before
    from spans
),

numbered as (
    select
        *,
        sum(
            case when not is_dated or joined_at <= covered_before then 0 else 1 end
        ) over (
            partition by organization_id, customer_id, segment_name, is_dated
            order by joined_at, membership_id, span_order
            rows between unbounded preceding and current row
        ) as membership_number
    from compared
),

ranked as (
    select
        *,
        row_number() over (
            partition by organization_id, customer_id, segment_name, membership_number
            order by
                covered_until desc,
                joined_at desc,
                membership_id desc,
                span_order desc
        ) as last_first
    from numbered
),

memberships as (
    select
        organization_id,
        customer_id,
        segment_name,
        membership_number,
        count(case when is_last_span then 1 end) as source_rows,
        max(case when last_first = 1 then segment_value end) as segment_value,
        min(joined_at) as joined_at,
        max(case when last_first = 1 then left_at end) as left_at
    from ranked
    group by
        organization_id,
        customer_id,
        segment_name,
        membership_number
),

placed as (
    select
        memberships.*,
        tenants.tenant_key,
        tenants.local_date,
        {{ local_date('memberships.joined_at', 'tenants.timezone') }} as joined_date,
        {{ local_date('memberships.left_at', 'tenants.timezone') }} as left_date
    from memberships
    inner join tenants
        on {{ source_key('erp', 'memberships.organization_id') }} = tenants.tenant_key
),

final as (
    select
        tenant_key,
        customer_id,
        segment_name,
        cast(membership_number as bigint) as membership_number,
        {{ source_key('erp', 'customer_id') }} as customer_key,
        segment_value,
        source_rows,
        coalesce(
            joined_date <= local_date and coalesce(left_date > local_date, true), false
        ) as is_current,
        joined_date,
        left_date,
        joined_at,
        left_at
    from placed
)

select * from final
