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
        coalesce(left_at, {{ timestamp_literal('9999-12-31T00:00:00+00:00') }})
            as covered_until
    from {{ ref('int_erp__membership_spans') }}
    {{ where_changed('int_erp__changed_customers', 'customer_id') }}
),

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

-- Rows of the source that touch or overlap are one membership.
compared as (
    select
        *,
        max(covered_until) over (
            partition by organization_id, customer_id, segment_name
            order by joined_at, membership_id, span_order
            rows between unbounded preceding and 1 preceding
        ) as covered_before
    from spans
),

numbered as (
    select
        *,
        sum(
            case when joined_at <= covered_before then 0 else 1 end
        ) over (
            partition by organization_id, customer_id, segment_name
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

final as (
    select
        tenants.tenant_key,
        memberships.customer_id,
        memberships.segment_name,
        cast(memberships.membership_number as bigint) as membership_number,
        'erp:' || memberships.customer_id as customer_key,
        memberships.segment_value,
        memberships.left_at is null as is_current,
        {{ local_date('memberships.joined_at', 'tenants.timezone') }} as joined_date,
        {{ local_date('memberships.left_at', 'tenants.timezone') }} as left_date,
        memberships.joined_at,
        memberships.left_at
    from memberships
    inner join tenants on memberships.organization_id = tenants.tenant_id
)

select * from final
