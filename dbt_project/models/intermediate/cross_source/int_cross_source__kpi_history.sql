with

periods as (
    select * from {{ ref('int_cross_source__kpi_periods') }}
    where grain = 'day' and is_complete and value is not null
),

weeks as (
    {% for number in range(1, var('kpi_history_weeks') + 1) -%}
    select {{ number }} as weeks_later
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

-- Every complete day as the history of the same weekday in the weeks after it.
earlier as (
    select
        periods.tenant_key,
        periods.metric,
        periods.numerator,
        periods.denominator,
        periods.value,
        cast(
            {{ dbt.dateadd(
                'day', '7 * weeks.weeks_later', 'periods.period_start_date'
            ) }} as date
        ) as date_day
    from periods
    cross join weeks
),

totals as (
    select
        tenant_key,
        metric,
        date_day,
        count(*) as days,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(value) as total_value
    from earlier
    group by
        tenant_key,
        metric,
        date_day
),

-- So many times the distance from the mean as there are days: exact, as no mean is.
distances as (
    select
        totals.*,
        {{ as_double('totals.days * earlier.value - totals.total_value') }}
            as distance
    from totals
    inner join earlier
        on
            totals.tenant_key = earlier.tenant_key
            and totals.metric = earlier.metric
            and totals.date_day = earlier.date_day
    where totals.days >= {{ var('kpi_least_history') }}
),

final as (
    select
        tenant_key,
        metric,
        days,
        numerator,
        denominator,
        total_value,
        sum(distance * distance) / (days * days) / nullif(days - 1, 0)
            as value_variance,
        date_day
    from distances
    group by
        tenant_key,
        metric,
        days,
        numerator,
        denominator,
        total_value,
        date_day
)

select * from final
