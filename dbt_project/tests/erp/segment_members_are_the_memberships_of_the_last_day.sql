with

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

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

-- Of a period that goes on, the last day so far.
dated as (
    select
        periods.*,
        least(periods.period_end_date, tenants.local_date) as last_date
    from periods
    inner join tenants on periods.tenant_key = tenants.tenant_key
),

counted as (
    select
        dated.tenant_key,
        dated.segment_name,
        dated.period_start_date,
        dated.period_end_date,
        dated.members,
        count(distinct memberships.customer_id) as members_of_facts
    from dated
    left join {{ ref('fct_segment_memberships') }} as memberships
        on
            dated.tenant_key = memberships.tenant_key
            and dated.segment_name = memberships.segment_name
            and dated.last_date >= memberships.joined_date
            and (
                memberships.left_date is null
                or dated.last_date < memberships.left_date
            )
    group by
        dated.tenant_key,
        dated.segment_name,
        dated.period_start_date,
        dated.period_end_date,
        dated.members
)

select *
from counted
where members <> members_of_facts
