{#
    The body of int_cross_source__kpi_days: every headline of every system, by tenant and day, as
    sums over the dimensions of daily marts. Written for declared marts by `python -m marts write`.

    `metrics_of` is system → [metric, kind, mart, numerator, denominator]. `kind` is

    - count: things that are counted,
    - share: the numerator counts some of those that the denominator counts,
    - ratio: an average, or any other ratio,
    - amount: money; a metric for each currency, which ends its name.

    Metrics of the mart that `settling` names go on changing while its conversations are
    active.
#}
{% macro kpi_days(metrics_of) -%}
{%- set systems = feeding_sources('tenant_calendar') -%}
{%- set settling = 'conversations' %}
with

-- Silence must be visible: a tenant as a whole has rows up to its local day.
tenant_days as (
    {% for system in systems -%}
    select
        tenant_key,
        period_start_date as date_day
    from {{ ref('int_' ~ system ~ '__tenant_calendar') }}
    where grain = 'day'
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

sums as (
    {% for system in systems -%}
    {{ 'union all' if not loop.first }}
    {% for metric, kind, mart, numerator, denominator in metrics_of[system] -%}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        {% if kind == 'amount' -%}
        '{{ metric }}_' || {{ lower_case('currency_code') }} as metric,
        {%- else -%}
        '{{ metric }}' as metric,
        {%- endif %}
        '{{ kind }}' as metric_kind,
        period_start_date as date_day,
        cast(sum({{ numerator }}) as numeric(38, 9)) as numerator,
        cast(
            {{ 'sum(' ~ denominator ~ ')' if denominator else 'null' }}
            as numeric(38, 9)
        ) as denominator,
        cast(
            {{ 'sum(total_conversations)' if mart == settling else 'null' }} as bigint
        ) as conversations,
        cast(
            {{ 'sum(active_conversations)' if mart == settling else 'null' }} as bigint
        ) as active_conversations
    from {{ ref(mart ~ '_daily') }}
    group by
        tenant_key,
        {{ 'currency_code,' if kind == 'amount' }}
        period_start_date
    {% endfor -%}
    {% endfor -%}
),

tenant_metrics as (
    select distinct
        tenant_key,
        metric,
        metric_kind
    from sums
),

-- No join by metric and day: PostgreSQL would compare each day with all days of its metric.
counted as (
    select
        tenant_key,
        metric,
        metric_kind,
        date_day,
        numerator,
        denominator,
        conversations,
        active_conversations,
        0 as is_tenant_day
    from sums
    union all
    select
        tenant_metrics.tenant_key,
        tenant_metrics.metric,
        tenant_metrics.metric_kind,
        tenant_days.date_day,
        0 as numerator,
        0 as denominator,
        0 as conversations,
        0 as active_conversations,
        1 as is_tenant_day
    from tenant_metrics
    inner join tenant_days on tenant_metrics.tenant_key = tenant_days.tenant_key
),

final as (
    select
        tenant_key,
        metric,
        metric_kind,
        cast(sum(numerator) as numeric(38, 9)) as numerator,
        cast(
            case
                when metric_kind in ('share', 'ratio') then sum(denominator)
            end as numeric(38, 9)
        ) as denominator,
        cast(sum(conversations) as bigint) as conversations,
        cast(sum(active_conversations) as bigint) as active_conversations,
        date_day
    from counted
    group by
        tenant_key,
        metric,
        metric_kind,
        date_day
    having max(is_tenant_day) = 1
)

select * from final
{%- endmacro %}
