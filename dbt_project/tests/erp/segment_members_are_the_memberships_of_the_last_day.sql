with

periods as (
    {% for mart in ['segments_daily', 'segments_weekly', 'segments_monthly'] -%}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        segment_name,
        members,
        period_start_date,
        period_end_date
    from {{ ref(mart) }}
    {% endfor %}
),

counted as (
    select
        periods.tenant_key,
        periods.segment_name,
        periods.period_start_date,
        periods.period_end_date,
        periods.members,
        count(distinct memberships.customer_id) as members_of_facts
    from periods
    left join {{ ref('fct_segment_memberships') }} as memberships
        on
            periods.tenant_key = memberships.tenant_key
            and periods.segment_name = memberships.segment_name
            and periods.period_end_date >= memberships.joined_date
            and (
                memberships.left_date is null
                or periods.period_end_date < memberships.left_date
            )
    group by
        periods.tenant_key,
        periods.segment_name,
        periods.period_start_date,
        periods.period_end_date,
        periods.members
)

select *
from counted
where members <> members_of_facts
