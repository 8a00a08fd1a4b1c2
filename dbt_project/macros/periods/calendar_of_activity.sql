{#
    The body of a calendar: the rows that marts with these dimensions have. A day has one for
    every combination of dimensions that was active on it or in the `quiet_days` before, and
    that the tenant's local day has reached; a week or month, where it holds such a day.

    `measures` are models of measures that have the dimensions: their days are activity.
    `balance` is what a day of the one model of measures adds to a balance: a combination
    keeps its rows while that is not 0.
#}
{% macro calendar_of_activity(
    system, measures, dimensions, quiet_days, balance=none, grains=['day', 'week', 'month']
) -%}
    {%- set dimensions = ['tenant_key'] + dimensions -%}
    with

    clock as (
        select * from {{ ref('int_' ~ system ~ '__clock') }}
    ),

    activity as (
        {{ days_of_activity(measures, dimensions, balance) }}
    ),

    followed as (
        select
            activity.*,
            clock.local_date,
            {% if balance -%}
            sum(activity.balance_change) over (
                {{ in_order_of_activity(dimensions) }}
                rows between unbounded preceding and current row
            ) as balance,
            {% endif -%}
            lead(activity.active_date) over (
                {{ in_order_of_activity(dimensions) }}
            ) as next_active_date
        from activity
        inner join clock
            on
                activity.tenant_key = clock.tenant_key
                and activity.active_date <= clock.local_date
    ),

    {% set quiet -%}
    cast({{ dbt.dateadd('day', quiet_days, 'active_date') }} as date)
    {%- endset -%}
    {% set last -%}
    coalesce(
        cast({{ dbt.dateadd('day', -1, 'next_active_date') }} as date), local_date
    )
    {%- endset -%}
    spans as (
        select
            {% for dimension in dimensions -%}
            {{ dimension }},
            {% endfor -%}
            local_date,
            active_date,
            case
                {% if balance -%}
                when balance <> 0 then {{ last }}
                {% endif -%}
                when {{ quiet }} < {{ last }} then {{ quiet }}
                else {{ last }}
            end as last_date
        from followed
    ),

    days as (
        {{ days_between('spans', 'active_date', 'last_date') }}
    ),

    periods as (
        {{ periods_of_days('days', grains) }}
    ),

    final as (
        select distinct
            {% for dimension in dimensions -%}
            {{ dimension }},
            {% endfor -%}
            grain,
            period_end_date < local_date as is_complete,
            period_start_date,
            period_end_date
        from periods
    )

    select * from final
{%- endmacro %}

{# A query: the days on which a combination of dimensions was active, and what they add to a balance. #}
{% macro days_of_activity(measures, dimensions, balance=none) -%}
    {% for relation in measures -%}
    {{ 'union distinct' if not loop.first }}
    select
        {% for dimension in dimensions -%}
        {{ dimension }},
        {% endfor -%}
        {% if balance -%}
        {{ balance }} as balance_change,
        {% endif -%}
        period_start_date as active_date
    from {{ relation }}
    where grain = 'day'
    {% endfor %}
{%- endmacro %}

{% macro in_order_of_activity(dimensions) -%}
    partition by
        {% for dimension in dimensions -%}
        activity.{{ dimension }}{{ ',' if not loop.last }}
        {% endfor -%}
    order by activity.active_date
{%- endmacro %}

{# The same of tenants as a whole: `measures` are all of the system. #}
{% macro calendar_of_tenants(system, measures) -%}
    {{ calendar_of_activity(system, measures, [], var('quiet_tenant_days')) }}
{%- endmacro %}
