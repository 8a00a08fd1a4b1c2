{#
    The body of a model of measures: what facts give, by tenant, dimensions and period, in
    all three grains; only periods with activity, of which an incremental build replaces those
    that the model `changed` names. Written for declared marts by `python -m marts write`.

    `facts` are [fact, its column of dates, columns]; columns are name → measure:

    - kind: count, sum, max, distinct or quantile,
    - of: the fact's column, for all kinds but count,
    - where: a condition on the fact's columns,
    - whole: whether a sum or maximum is of whole numbers; else it is numeric(38, 9),
    - divisor: of a sum, maximum or quantile, 3600 for hours of seconds, rounded once,
    - percent: of a quantile, 50 for the median.
#}
{% macro measures_of(changed, dimensions, facts) -%}
{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': changed}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}
{%- set group = ['tenant_key'] + dimensions -%}
{%- set periods = ['grain', 'period_start_date', 'period_end_date'] -%}
{%- set keys = group + periods -%}
{%- set parts = parts_to_measure(facts) %}
with

{% for part in parts -%}
{% if part.days not in parts[:loop.index0] | map(attribute='days') -%}
{{ part.days }} as (
    {{ days_to_measure(changed, part.fact, part.date) }}
),

{% endif -%}
facts_{{ part.number }} as (
    {{ rows_to_measure(part, group) }}
    {# What is not grouped yet the join below leaves out. -#}
    {{ where_measured(changed, part.date, part.days if part.adds_up) }}
    {%- if part.adds_up %}
    group by
        {% for key in group -%}
        {{ key }},
        {% endfor -%}
        {{ part.date }}
    {%- endif %}
),

measured_{{ part.number }} as (
    {{ measured_in_periods(
        part.days, 'facts_' ~ part.number, group, periods, part.columns
    ) }}
),

{% endfor -%}
{% if parts | length == 1 -%}
final as (
    select * from measured_1
)
{%- else -%}
{# The first part of a fact has all groups of the fact. -#}
{%- set active = 'active' if facts | length > 1 else 'measured_1' -%}
{% if active == 'active' -%}
active as (
    {% for part in parts if part.tells_activity -%}
    {{ 'union distinct' if not loop.first }}
    select
        {% for key in keys -%}
        {{ key }}{{ ',' if not loop.last }}
        {% endfor %}
    from measured_{{ part.number }}
    {% endfor %}
),

{% endif -%}
-- Rows of all parts are among the active, and no key is null: a full join gives what a left
-- join would. But PostgreSQL, which expects one row of each part, reads a part anew for
-- every active row where the join lets it.
final as (
    select
        {% for part in parts -%}
        {%- for name, measure in part.columns.items() -%}
        {{ filled('measured_' ~ part.number ~ '.' ~ name, measure) }}
            as {{ name }},
        {% endfor -%}
        {%- endfor -%}
        {% for key in keys -%}
        {{ active }}.{{ key }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ active }}
    {% for part in parts if 'measured_' ~ part.number != active -%}
    full outer join measured_{{ part.number }}
        on
            {% for key in keys if key != 'period_end_date' -%}
            {{ 'and ' if not loop.first }}{{ active }}.{{ key }} = measured_{{ part.number }}.{{ key }}
            {% endfor %}
    {% endfor %}
)
{%- endif %}

select * from final
{%- endmacro %}

{#
    What is measured in one go: of each fact the columns that follow from those of its days,
    for which each row counts once, and the others, for which it counts in each of its periods.

    Returns [{number, fact, date, days, columns, adds_up, tells_activity}]; the first part of
    each fact tells in which periods it was active. `days` names those to measure: of changed
    periods they are the same for all facts.
#}
{% macro parts_to_measure(facts) -%}
    {%- set parts = [] -%}
    {%- for fact, date, columns in facts -%}
        {%- set days = 'days' if replaces_changes() else 'days_' ~ loop.index -%}
        {%- set adding, others = {}, {} -%}
        {%- for name, measure in columns.items() -%}
            {%- set adds_up = measure.kind in ('count', 'sum', 'max') -%}
            {%- do (adding if adds_up else others).update({name: measure}) -%}
        {%- endfor -%}
        {%- for part in [adding, others] if part -%}
            {%- do parts.append({
                'number': parts | length + 1,
                'fact': fact,
                'date': date,
                'days': days,
                'columns': part,
                'adds_up': part is sameas adding,
                'tells_activity': loop.first,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}

{#
    A query without its condition: what rows of a fact give to the measures of a part, by
    `group` and day (date_day).
#}
{% macro rows_to_measure(part, group) -%}
    select
        {% for key in group -%}
        {{ key }},
        {% endfor -%}
        {% for name, measure in part.columns.items() -%}
        {{ value_of_fact(measure, part.adds_up) }} as {{ name }},
        {% endfor -%}
        {{ part.date }} as date_day
    from {{ part.fact }} as facts
{%- endmacro %}

{# A query: measures of the rows of `facts` on `days`, by `group` and the periods of the days. #}
{% macro measured_in_periods(days, facts, group, periods, columns) -%}
    {%- set keys = [] -%}
    {%- for key in group -%}{%- do keys.append('facts.' ~ key) -%}{%- endfor -%}
    {%- for key in periods -%}{%- do keys.append('days.' ~ key) -%}{%- endfor -%}
    {%- set divided = columns.values() | selectattr('divisor', 'defined') | list -%}
    {% if divided -%}
    with

    undivided as (
    {%- endif %}
    select
        {% for key in keys -%}
        {{ key }},
        {% endfor -%}
        {% for name, measure in columns.items() -%}
        {{ aggregated(measure, 'facts.' ~ name) }}
            as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ days }} as days
    inner join {{ facts }} as facts
        on
            days.tenant_key = facts.tenant_key
            and days.date_day = facts.date_day
    group by
        {% for key in keys -%}
        {{ key }}{{ ',' if not loop.last }}
        {% endfor %}
    {%- if divided %}
    )

    select
        {% for key in group + periods -%}
        {{ key }},
        {% endfor -%}
        {% for name, measure in columns.items() -%}
        {{ ratio(name, measure.divisor) ~ ' as ' if measure.divisor }}
        {{- name }}{{ ',' if not loop.last }}
        {% endfor %}
    from undivided
    {%- endif %}
{%- endmacro %}

{#
    What a row of a fact gives to a measure, null: nothing; or where it follows from days, what
    all rows of a day give.
#}
{% macro value_of_fact(measure, adds_up) -%}
    {%- set value = measure.get('of', 1) -%}
    {%- if measure.where -%}
    {%- set value = 'case when ' ~ measure.where ~ ' then ' ~ value ~ ' end' -%}
    {%- endif -%}
    {%- if not adds_up -%}
    {{ value }}
    {%- elif measure.kind == 'count' -%}
    {{ 'count(' ~ value ~ ')' if measure.where else 'count(*)' }}
    {%- else -%}
    {{ measure.kind }}({{ value }})
    {%- endif -%}
{%- endmacro %}

{# What rows give to a measure, before it is divided. #}
{% macro aggregated(measure, value) -%}
    {%- if measure.kind == 'distinct' -%}
    count(distinct {{ value }})
    {%- elif measure.kind == 'quantile' -%}
    {{ quantile(value, measure.percent) }}
    {%- elif measure.divisor -%}
    {{ 'max(' ~ value ~ ')' if measure.kind == 'max' else 'coalesce(sum(' ~ value ~ '), 0)' }}
    {%- elif measure.kind == 'max' -%}
    {{ as_number('max(' ~ value ~ ')', measure) }}
    {%- else -%}
    {{ filled('sum(' ~ value ~ ')', measure) }}
    {%- endif -%}
{%- endmacro %}

{# What is measured where nothing was: 0 of what is counted or added up, else null. #}
{% macro filled(value, measure) -%}
    {%- if measure.kind in ('quantile', 'max') -%}
    {{ value }}
    {%- elif measure.kind == 'distinct' -%}
    coalesce({{ value }}, 0)
    {%- else -%}
    {{ as_number('coalesce(' ~ value ~ ', 0)', measure) }}
    {%- endif -%}
{%- endmacro %}

{# A number of the type that a column has, of a mart or of its measures. #}
{% macro as_number(value, column) -%}
    {%- set whole = column.kind == 'count' or column.whole -%}
    cast({{ value }} as {{ 'bigint' if whole else 'numeric(38, 9)' }})
{%- endmacro %}
