{#
    The last common table expressions of a mart's calendar, `final` included: for every
    combination of dimensions that a tenant has in the measures, every period between the
    first and the last day with activity of the tenant.

    `measures` and `tenants` name common table expressions of the calling model, dimensions
    the columns of the measures beside tenant_key, grain and period.
#}
{% macro calendar_of_measures(measures, tenants, dimensions) -%}
tenant_spans as (
    select
        {{ tenants }}.tenant_key,
        {{ tenants }}.timezone,
        min({{ measures }}.period_start_date) as first_date,
        max({{ measures }}.period_start_date) as last_date
    from {{ measures }}
    inner join {{ tenants }}
        on {{ measures }}.tenant_key = {{ tenants }}.tenant_key
    where {{ measures }}.grain = 'day'
    group by
        {{ tenants }}.tenant_key,
        {{ tenants }}.timezone
),

tenant_days as (
    {{ days_between('tenant_spans', 'first_date', 'last_date') }}
),

tenant_periods as (
    {{ periods_of_days('tenant_days') }}
),

periods as (
    select distinct
        tenant_key,
        grain,
        period_end_date < {{ local_date(as_of(), 'timezone') }} as is_complete,
        period_start_date,
        period_end_date
    from tenant_periods
),

combinations as (
    select distinct
        tenant_key
        {%- for dimension in dimensions %},
        {{ dimension }}
        {%- endfor %}
    from {{ measures }}
    where grain = 'day'
),

final as (
    select
        combinations.tenant_key,
        {%- for dimension in dimensions %}
        combinations.{{ dimension }},
        {%- endfor %}
        periods.grain,
        periods.is_complete,
        periods.period_start_date,
        periods.period_end_date
    from periods
    inner join combinations
        on periods.tenant_key = combinations.tenant_key
)
{%- endmacro %}
