{#
    The body of a model of changed periods: all periods that hold a day on which a changed key
    was counted before this build (in the models of changed keys), or is counted now; and
    those with facts of a day that has come since the last complete build.

    `counted` are [model of changed keys, its key, fact, the fact's column of dates].
#}
{% macro changed_periods(counted) -%}
    {{- waits_for(tenants_of_system()) -}}
    with

    days as (
        {% for changed, key, fact, date in counted -%}
        {{ 'union distinct' if not loop.first }}
        select
            tenant_key,
            date_day
        from {{ changed }}
        where date_day is not null
        union distinct
        select
            tenant_key,
            {{ date }} as date_day
        from {{ fact }}
        where
            {{ date }} is not null
            and {{ key }} in (select changed.{{ key }} from {{ changed }} as changed)
            {% if execute and last_built_batch() -%}
            {{ and_one_of(key, 'select ' ~ key ~ ' from ' ~ changed) }}
            {%- endif %}
        {% if execute and last_built_batch() -%}
        union distinct
        select
            facts.tenant_key,
            facts.{{ date }} as date_day
        from {{ fact }} as facts
        inner join {{ relation_of(tenants_of_system()) }} as tenants
            on
                facts.tenant_key = tenants.tenant_key
                and facts.{{ date }} > least(tenants.previous_local_date, tenants.local_date)
                and facts.{{ date }} <= greatest(
                    tenants.previous_local_date, tenants.local_date
                )
        {% endif -%}
        {% endfor %}
    ),

    periods as (
        {{ periods_of_days('days') }}
    )

    select distinct
        tenant_key,
        grain,
        period_start_date,
        period_end_date
    from periods
{%- endmacro %}

{#
    A query: the days that a model of measures counts, each as part of its day, week and month
    (grain, period_start_date, period_end_date). `fact` and `date` tell them where everything
    is measured; else they are the days of the changed periods. What lies after a tenant's
    local day is not counted before that day comes.
#}
{% macro days_to_measure(changed_periods, fact, date) -%}
    {{- waits_for(changed_periods) -}}
    {{- waits_for(tenants_of_system()) -}}
    with

    {% if replaces_changes() -%}
    periods as (
        select
            tenant_key,
            grain,
            period_start_date,
            period_end_date
        from {{ relation_of(changed_periods) }}
    ),

    period_days as (
        {{ days_between('periods', 'period_start_date', 'period_end_date') }}
    )
    {%- else -%}
    active_days as (
        select distinct
            facts.tenant_key,
            facts.{{ date }} as date_day
        from {{ fact }} as facts
        {{ joined_tenants('facts', date) }}
        where facts.{{ date }} is not null
    ),

    period_days as (
        {{ periods_of_days('active_days') }}
    )
    {%- endif %}

    select period_days.*
    from period_days
    {% if replaces_changes() -%}
    {{ joined_tenants('period_days', 'date_day') }}
    {%- endif %}
{%- endmacro %}

{# A join that leaves of a relation what lies no later than the tenant's local day. #}
{% macro joined_tenants(relation, date) -%}
    {# Its unit tests, which have no relation of their own, look at what is counted. -#}
    {% if execute and this is not none -%}
    inner join {{ relation_of(tenants_of_system()) }} as tenants
        on
            {{ relation }}.tenant_key = tenants.tenant_key
            and {{ relation }}.{{ date }} <= tenants.local_date
    {%- endif %}
{%- endmacro %}

{#
    In an incremental build, a condition on rows of `facts`: only those that count in the
    periods to measure, or on the `days` of them that are given.
#}
{% macro where_measured(changed_periods, date, days) -%}
    {%- if replaces_changes() -%}
    where
        {{ date }} is not null
        {%- set dates -%}
            select date_day
            from ({{ days_to_measure(changed_periods) }})
        {%- endset %}
        {{ and_one_of(date, dates) }}
        {%- if days %}
        and exists (
            select 1
            from {{ days }} as days
            where
                days.tenant_key = facts.tenant_key
                and days.date_day = facts.{{ date }}
        )
        {%- endif %}
    {%- endif -%}
{%- endmacro %}
