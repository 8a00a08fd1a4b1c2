with

calendar as (
    select * from {{ ref('int_erp__segments_calendar') }}
),

measures as (
    select * from {{ ref('int_erp__segments_measures') }}
),

measured as (
    select
        calendar.tenant_key,
        calendar.segment_name,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        coalesce(measures.members_joined, 0) as members_joined,
        coalesce(measures.members_left, 0) as members_left,
        coalesce(measures.interactions, 0) as interactions,
        coalesce(measures.distinct_active_members, 0) as distinct_active_members
    from calendar
    left join measures
        on
            calendar.tenant_key = measures.tenant_key
            and calendar.segment_name = measures.segment_name
            and calendar.grain = measures.grain
            and calendar.period_start_date = measures.period_start_date
),

-- The calendar begins with the tenant's first membership: nobody joined before.
balanced as (
    select
        *,
        cast(
            sum(members_joined - members_left) over (
                partition by tenant_key, segment_name, grain
                order by period_start_date
                rows between unbounded preceding and current row
            ) as bigint
        ) as members
    from measured
),

final as (
    select
        tenant_key,
        segment_name,
        grain,
        period_start_date,
        period_end_date,
        is_complete,
        members,
        members_joined as joined,
        members_left as {{ adapter.quote('left') }},
        interactions,
        distinct_active_members,
        {{ ratio('interactions', 'members') }} as average_interactions_per_customer
    from balanced
)

select * from final
