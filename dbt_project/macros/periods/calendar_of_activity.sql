{#
    The body of a calendar: the rows that marts with these dimensions have. A day has one for
    every combination of dimensions that was active on it or in the `quiet_days` before, and
    that the tenant's local day has reached; a week or month, where it holds such a day.

    `measures` are models of measures that have the dimensions: their days are activity.
    `balances` are what a day of the first of them adds to balances: a combination keeps its
    rows while one of these is not 0.
#}
{% macro calendar_of_activity(
    system, measures, dimensions, quiet_days, balances=[], grains=['day', 'week', 'month']
) -%}
    {%- set dimensions = ['tenant_key'] + dimensions -%}
    with

    tenants as (
        select * from {{ ref('int_' ~ system ~ '__tenants') }}
    ),

    activity as (
        {{ days_of_activity(measures, dimensions) }}
    ),

    followed as (
        select
            activity.*,
            tenants.local_date,
            {% for balance in balances -%}
            sum({{ balance }}) over (
                {{ in_order_of_activity(dimensions) }}
                rows between unbounded preceding and current row
            ) as balance_{{ loop.index }},
            {% endfor -%}
            lead(activity.active_date) over (
                {{ in_order_of_activity(dimensions) }}
            ) as next_active_date
        from activity
        inner join tenants
            on
                activity.tenant_key = tenants.tenant_key
                and activity.active_date <= tenants.local_date
        {% if balances -%}
        left join {{ measures[0] }} as measures
            on
                {% for dimension in dimensions -%}
                activity.{{ dimension }} = measures.{{ dimension }}
                and {% endfor -%}
                activity.active_date = measures.period_start_date
                and measures.grain = 'day'
        {%- endif %}
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
                {% for _ in balances -%}
                when balance_{{ loop.index }} <> 0 then {{ last }}
                {% endfor -%}
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

{# A query: the days on which a combination of dimensions was active. #}
{% macro days_of_activity(measures, dimensions) -%}
    {% for relation in measures -%}
    {{ 'union distinct' if not loop.first }}
    select
        {% for dimension in dimensions -%}
        {{ dimension }},
        {% endfor -%}
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
