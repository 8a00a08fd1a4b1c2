{# Engines add doubles up in another order: what is shown ends before they differ. #}
{%- set millionths = 'cast(floor(standard_deviations * 1000000 + 0.5) as bigint)' -%}
{%- set z_score = decimal_product(millionths, '0.000001') -%}
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

periods as (
    select
        days.tenant_key,
        days.metric,
        days.is_ratio,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        days.period_end_date < tenants.as_of_date as is_complete,
        case days.grain
            when 'day' then {{ dbt.dateadd('day', -1, 'days.period_start_date') }}
            when 'week' then {{ dbt.dateadd('day', -7, 'days.period_start_date') }}
            else {{ dbt.dateadd('month', -1, 'days.period_start_date') }}
        end as prior_start_date,
        tenants.as_of_date,
        sum(days.numerator) as numerator,
        sum(days.denominator) as denominator
    from days_of_periods as days
    inner join tenants on days.tenant_key = tenants.tenant_key
    group by
        days.tenant_key,
        days.metric,
        days.is_ratio,
        days.grain,
        days.period_start_date,
        days.period_end_date,
        tenants.as_of_date
),

-- What an incomplete period is compared with: as many days of the one before it as have
-- begun of it.
elapsed as (
    select
        periods.tenant_key,
        periods.metric,
        periods.grain,
        periods.period_start_date,
        sum(days.numerator) as numerator,
        sum(days.denominator) as denominator
    from periods
    inner join days
        on
            periods.tenant_key = days.tenant_key
            and periods.metric = days.metric
            and periods.prior_start_date <= days.date_day
            and periods.period_start_date > days.date_day
    where
        not periods.is_complete
        and {{ dbt.datediff('periods.prior_start_date', 'days.date_day', 'day') }}
        <= {{ dbt.datediff('periods.period_start_date', 'periods.as_of_date', 'day') }}
    group by
        periods.tenant_key,
        periods.metric,
        periods.grain,
        periods.period_start_date
),

with_prior as (
    select
        periods.*,
        case
            when periods.is_complete then previous.numerator
            else elapsed.numerator
        end as prior_numerator,
        case
            when periods.is_complete then previous.denominator
            else elapsed.denominator
        end as prior_denominator
    from periods
    left join periods as previous
        on
            periods.tenant_key = previous.tenant_key
            and periods.metric = previous.metric
            and periods.grain = previous.grain
            and periods.prior_start_date = previous.period_start_date
    left join elapsed
        on
            periods.tenant_key = elapsed.tenant_key
            and periods.metric = elapsed.metric
            and periods.grain = elapsed.grain
            and periods.period_start_date = elapsed.period_start_date
),

measured as (
    select
        tenant_key,
        metric,
        grain,
        period_start_date,
        period_end_date,
        is_complete,
        cast(numerator as numeric(38, 9)) as numerator,
        cast(denominator as numeric(38, 9)) as denominator,
        cast(
            case
                when is_ratio then {{ ratio('numerator', 'denominator') }}
                else numerator
            end as numeric(38, 9)
        ) as value,
        cast(
            case
                when is_ratio then {{ ratio('prior_numerator', 'prior_denominator') }}
                else prior_numerator
            end as numeric(38, 9)
        ) as prior_value
    from with_prior
),

-- Every complete day as the history of the same weekday in the weeks after it.
weeks as (
    {% for number in range(1, var('kpi_history_weeks') + 1) -%}
    select {{ number }} as weeks_later
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

earlier as (
    select
        measured.tenant_key,
        measured.metric,
        measured.value,
        cast(
            {{ dbt.dateadd(
                'day', '7 * weeks.weeks_later', 'measured.period_start_date'
            ) }} as date
        ) as period_start_date
    from measured
    cross join weeks
    where
        measured.grain = 'day'
        and measured.is_complete
        and measured.value is not null
),

means as (
    select
        tenant_key,
        metric,
        period_start_date,
        count(*) as days,
        {{ ratio('sum(value)', 'count(*)') }} as mean_value
    from earlier
    group by
        tenant_key,
        metric,
        period_start_date
),

deviations as (
    select
        means.tenant_key,
        means.metric,
        means.period_start_date,
        means.mean_value,
        sqrt(
            sum(
                {{ as_double('earlier.value - means.mean_value') }}
                * {{ as_double('earlier.value - means.mean_value') }}
            ) / (means.days - 1)
        ) as standard_deviation
    from means
    inner join earlier
        on
            means.tenant_key = earlier.tenant_key
            and means.metric = earlier.metric
            and means.period_start_date = earlier.period_start_date
    where means.days >= {{ var('kpi_least_history') }}
    group by
        means.tenant_key,
        means.metric,
        means.period_start_date,
        means.mean_value,
        means.days
),

scored as (
    select
        measured.*,
        measured.value - measured.prior_value as delta,
        case
            when deviations.standard_deviation > 0
                then
                    {{ as_double('measured.value - deviations.mean_value') }}
                    / deviations.standard_deviation
        end as standard_deviations
    from measured
    left join deviations
        on
            measured.tenant_key = deviations.tenant_key
            and measured.metric = deviations.metric
            and measured.period_start_date = deviations.period_start_date
            and measured.grain = 'day'
),

final as (
    select
        tenant_key,
        metric,
        grain,
        period_start_date,
        period_end_date,
        is_complete,
        value,
        numerator,
        denominator,
        prior_value,
        cast(delta as numeric(38, 9)) as delta,
        {{ ratio('delta', 'prior_value') }} as delta_rate,
        {{ z_score }} as z_score,
        coalesce(
            abs({{ z_score }}) >= {{ var('kpi_anomaly_z_score') }}, false
        ) as is_anomaly
    from scored
)

select * from final
