{#
    The body of a mart of trailing windows: the days that end with the tenant's last complete
    local day, and as many before them (is_prior); for each combination of dimensions that was
    active in one. Written for declared marts by `python -m marts write`.

    Whole tenants are replaced: those of which `int_<system>__changed_windows` has the windows.
    What follows from days is made of those in `measures`; `facts` are those of what does not, as
    measures_of() takes them. `rows_of`, `columns` and `attributes` are as periodic_mart()
    takes them.
#}
{% macro trailing_mart(
    system, measures, dimensions, facts, columns, rows_of=[], attributes={}
) -%}
{%- set changed = 'int_' ~ system ~ '__changed_windows' -%}
{{ config(
    materialized='incremental', unique_key='tenant_key', meta={'changed': changed}
) }}
{{ clustered_by('tenant_key') }}
{%- set group = ['tenant_key'] + dimensions -%}
{%- set windows = ['window_days', 'is_prior'] -%}
{%- set keys = group + windows -%}
{%- set balances = balances_of(columns) -%}
{%- set from_facts, from_days, measured_in = {}, {}, {} -%}
{%- for fact, date, measured in facts -%}
    {%- do from_facts.update(measured) -%}
    {%- do measured_in.update({'measured_' ~ loop.index: measured}) -%}
{%- endfor -%}
{%- for name, column in columns.items() if not column.of -%}
    {%- set measured_as = column.measured_as or name -%}
    {%- if measured_as not in from_facts -%}
        {%- do from_days.update({measured_as: column}) -%}
    {%- endif -%}
{%- endfor -%}
{%- if from_days -%}{%- do measured_in.update({'added': from_days}) -%}{%- endif -%}
{%- if balances -%}{%- do measured_in.update({'balances': balances}) -%}{%- endif %}
with

windows as (
    select
        tenant_key,
        window_days,
        is_prior,
        period_start_date,
        period_end_date
    from {{ ref(changed) }}
),

days as (
    {{ days_between('windows', 'period_start_date', 'period_end_date') }}
),

measures as (
    select
        *,
        period_start_date as date_day
    from {{ measures }}
    where grain = 'day'
),

active_days as (
    {{ days_of_activity(measures_of_activity(measures, rows_of), group) }}
),

calendar as (
    select distinct
        {% for key in group -%}
        active_days.{{ key }},
        {% endfor -%}
        windows.window_days,
        windows.is_prior,
        windows.period_start_date,
        windows.period_end_date
    from active_days
    inner join windows
        on
            active_days.tenant_key = windows.tenant_key
            and active_days.active_date >= windows.period_start_date
            and active_days.active_date <= windows.period_end_date
),

{% if from_days -%}
added as (
    {{ measured_in_periods('days', 'measures', group, windows, from_days) }}
),

{% endif -%}
{% for fact, date, measured in facts -%}
facts_{{ loop.index }} as (
    {{ rows_to_measure({'fact': fact, 'date': date, 'columns': measured}, group) }}
    where
        {{ date }} is not null
        {% if replaces_changes() -%}
        {{ and_one_of(date, days_of_windows(relation_of(changed))) }}
        {%- endif %}
),

measured_{{ loop.index }} as (
    {{ measured_in_periods('days', 'facts_' ~ loop.index, group, windows, measured) }}
),

{% endfor -%}
{% if balances -%}
-- All that came and went until the window's end.
balances as (
    select
        {% for key in keys -%}
        calendar.{{ key }},
        {% endfor -%}
        {% for name, balance in balances.items() -%}
        {{ as_number('sum(' ~ balance ~ ')', columns[name]) }}
            as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from calendar
    inner join measures
        on
            {% for key in group -%}
            calendar.{{ key }} = measures.{{ key }}
            and {% endfor -%}
            measures.period_start_date <= calendar.period_end_date
    group by
        {% for key in keys -%}
        calendar.{{ key }}{{ ',' if not loop.last }}
        {% endfor %}
),

{% endif -%}
measured as (
    select
        {% for name, column in columns.items() if not column.of or column.kind == 'balance' -%}
        {%- set measured_as = column.measured_as or name -%}
        {%- for relation, names in measured_in.items() if measured_as in names -%}
        {{ where_known(filled(relation ~ '.' ~ measured_as, column), column, 'calendar') }}
            as {{ sql_name(name, column) }},
        {% endfor -%}
        {%- endfor -%}
        calendar.*
    from calendar
    {% for relation in measured_in -%}
    left join {{ relation }}
        on
            {% for key in keys -%}
            {{ 'and ' if not loop.first }}calendar.{{ key }} = {{ relation }}.{{ key }}
            {% endfor %}
    {% endfor -%}
    {{ join_since_known(columns, 'calendar', system) }}
),

final as (
    {{ computed_columns('measured', columns, attributes) }}
)

select * from final
{%- endmacro %}

{# A query of one column: the days of all windows of a relation. #}
{% macro days_of_windows(relation) -%}
    select date_day
    from (
        with

        windows as (
            select
                period_start_date,
                period_end_date
            from {{ relation }}
        )

        {{ days_between('windows', 'period_start_date', 'period_end_date') }}
    )
{%- endmacro %}
