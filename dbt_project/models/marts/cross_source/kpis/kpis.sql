{# Engines add doubles up in another order: what is shown ends before they differ. #}
{%- set millionths = 'cast(floor(standard_deviations * 1000000 + 0.5) as bigint)' -%}
{%- set z_score = decimal_product(millionths, '0.000001') -%}
with

periods as (
    select * from {{ ref('int_cross_source__kpi_periods') }}
),

history as (
    select * from {{ ref('int_cross_source__kpi_history') }}
),

-- The pooled share has a success and a failure more than the history: never 0 nor 1.
judged as (
    select
        periods.tenant_key,
        periods.metric,
        periods.metric_kind,
        periods.period_start_date,
        {{ as_double('periods.denominator') }} as denominator,
        coalesce(history.value_variance, 0) as value_variance,
        {{ as_double('history.total_value') }} / history.days as mean_value,
        {{ as_double('history.days * periods.value - history.total_value') }}
        / history.days as distance,
        ({{ as_double('history.numerator') }} + 1)
        / ({{ as_double('history.denominator') }} + 2) as pooled_share
    from periods
    inner join history
        on
            periods.tenant_key = history.tenant_key
            and periods.metric = history.metric
            and periods.period_start_date = history.date_day
    where
        periods.grain = 'day'
        and periods.is_complete
        and periods.is_mature
        and periods.value is not null
        and (periods.metric_kind <> 'share' or periods.denominator >= 10)
),

with_chance as (
    select
        *,
        pooled_share * (1 - pooled_share) / nullif(denominator, 0)
            as share_variance
    from judged
),

spreads as (
    select
        *,
        case metric_kind
            when 'count' then greatest(value_variance, mean_value, 1)
            when 'share' then greatest(value_variance, share_variance)
            else value_variance
        end as variance
    from with_chance
),

-- Beyond a million it does not matter how many they are.
scores as (
    select
        tenant_key,
        metric,
        period_start_date,
        least(greatest(distance / sqrt(variance), -1000000), 1000000)
            as standard_deviations
    from spreads
    where variance > 0
),

scored as (
    select
        periods.*,
        periods.compared_value - periods.prior_value as delta,
        {{ z_score }} as z_score
    from periods
    left join scores
        on
            periods.tenant_key = scores.tenant_key
            and periods.metric = scores.metric
            and periods.period_start_date = scores.period_start_date
            and periods.grain = 'day'
),

final as (
    select
        tenant_key,
        metric,
        grain,
        period_start_date,
        period_end_date,
        is_complete,
        is_mature,
        value,
        numerator,
        denominator,
        prior_value,
        cast(delta as numeric(38, 9)) as delta,
        {{ ratio('delta', 'prior_value') }} as delta_rate,
        z_score,
        coalesce(abs(z_score) >= {{ var('kpi_anomaly_z_score') }}, false) as is_anomaly
    from scored
)

select * from final
