with

days as (
    select * from {{ ref('int_cross_source__kpi_days') }}
),

tenants as (
    select
        tenant_key,
        {{ local_date(as_of(), 'timezone') }} as as_of_date
    from {{ ref('dim_tenants') }}
),

days_of_periods as (
    {{ periods_of_days('days') }}
),

sums as (
    select
        days.tenant_key,
        days.metric,
        days.metric_kind,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        tenants.as_of_date,
        days.period_end_date < tenants.as_of_date as is_complete,
        2 * sum(days.active_conversations) <= sum(days.conversations) as is_mature,
        cast(
            case days.grain
                when 'day' then {{ dbt.dateadd('day', -1, 'days.period_start_date') }}
                when 'week' then {{ dbt.dateadd('day', -7, 'days.period_start_date') }}
                else {{ dbt.dateadd('month', -1, 'days.period_start_date') }}
            end as date
        ) as prior_start_date,
        cast(sum(days.numerator) as numeric(38, 9)) as numerator,
        cast(sum(days.denominator) as numeric(38, 9)) as denominator
    from days_of_periods as days
    inner join tenants on days.tenant_key = tenants.tenant_key
    group by
        days.tenant_key,
        days.metric,
        days.metric_kind,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        tenants.as_of_date
),

-- Looked up by a window: of a join by metric and period PostgreSQL compares each period
-- with all those of its metric.
followed as (
    select
        *,
        lag(period_start_date) over (
            partition by tenant_key, metric, grain order by period_start_date
        ) as previous_start_date,
        lag(numerator) over (
            partition by tenant_key, metric, grain order by period_start_date
        ) as previous_numerator,
        lag(denominator) over (
            partition by tenant_key, metric, grain order by period_start_date
        ) as previous_denominator
    from sums
),

-- Of an incomplete period and the one before it as many days each as have ended of it.
incomplete as (
    select
        *,
        least(
            {{ dbt.datediff('period_start_date', 'as_of_date', 'day') }},
            {{ dbt.datediff('prior_start_date', 'period_start_date', 'day') }}
        ) as elapsed_days
    from sums
    where not is_complete
),

placed as (
    select
        incomplete.tenant_key,
        incomplete.metric,
        incomplete.grain,
        incomplete.period_start_date,
        days.date_day >= incomplete.period_start_date as is_in_period,
        days.numerator,
        days.denominator
    from incomplete
    inner join days
        on
            incomplete.tenant_key = days.tenant_key
            and incomplete.metric = days.metric
            and incomplete.prior_start_date <= days.date_day
            and incomplete.as_of_date > days.date_day
    where
        case
            when days.date_day >= incomplete.period_start_date
                then {{ dbt.datediff(
                    'incomplete.period_start_date', 'days.date_day', 'day'
                ) }}
            else {{ dbt.datediff(
                'incomplete.prior_start_date', 'days.date_day', 'day'
            ) }}
        end < incomplete.elapsed_days
),

elapsed as (
    select
        tenant_key,
        metric,
        grain,
        period_start_date,
        sum(case when is_in_period then numerator end) as numerator,
        sum(case when is_in_period then denominator end) as denominator,
        sum(case when not is_in_period then numerator end) as prior_numerator,
        sum(case when not is_in_period then denominator end) as prior_denominator
    from placed
    group by
        tenant_key,
        metric,
        grain,
        period_start_date
),

compared as (
    select
        followed.*,
        case
            when followed.is_complete then followed.numerator
            else elapsed.numerator
        end as compared_numerator,
        case
            when followed.is_complete then followed.denominator
            else elapsed.denominator
        end as compared_denominator,
        case
            when not followed.is_complete then elapsed.prior_numerator
            when followed.previous_start_date = followed.prior_start_date
                then followed.previous_numerator
        end as prior_numerator,
        case
            when not followed.is_complete then elapsed.prior_denominator
            when followed.previous_start_date = followed.prior_start_date
                then followed.previous_denominator
        end as prior_denominator
    from followed
    left join elapsed
        on
            followed.tenant_key = elapsed.tenant_key
            and followed.metric = elapsed.metric
            and followed.grain = elapsed.grain
            and followed.period_start_date = elapsed.period_start_date
),

final as (
    select
        tenant_key,
        metric,
        metric_kind,
        grain,
        numerator,
        denominator,
        {% for which in ['', 'compared_', 'prior_'] -%}
        cast(
            case
                when metric_kind in ('share', 'ratio')
                    then {{ ratio(which ~ 'numerator', which ~ 'denominator') }}
                else {{ which }}numerator
            end as numeric(38, 9)
        ) as {{ which }}value,
        {% endfor -%}
        is_complete,
        is_mature,
        period_start_date,
        period_end_date
    from compared
)

select * from final
