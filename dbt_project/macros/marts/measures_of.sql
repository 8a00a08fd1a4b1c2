{#
    The body of a model of measures: what facts give, by tenant, dimensions and period, in
    all three grains; only periods with activity, of which an incremental build replaces those
    that the model `changed` names. Written for declared marts by `python -m marts write`.

    `facts` are [fact, its column of dates, columns]; columns are name → measure:

    - kind: count, sum, distinct or quantile,
    - of: the fact's column, for all kinds but count,
    - where: a condition on the fact's columns,
    - whole: whether a sum is of whole numbers; else it is numeric(38, 9),
    - divisor: of a sum, 3600 for hours of seconds, rounded once,
    - percent: of a quantile, 50 for the median.
#}
{% macro measures_of(changed, dimensions, facts) -%}
{{ config(
    materialized='incremental',
    unique_key=['tenant_key', 'grain', 'period_start_date'],
    meta={'changed': changed}
) }}
{{ clustered_by('tenant_key', month_of='period_start_date') }}
{%- set keys = ['tenant_key'] + dimensions + [
    'grain', 'period_start_date', 'period_end_date'
] %}
with

{% for fact, date, columns in facts -%}
{%- set n = loop.index -%}
facts_{{ n }} as (
    select
        tenant_key,
        {% for dimension in dimensions -%}
        {{ dimension }},
        {% endfor -%}
        {% for name, measure in columns.items() -%}
        {{ measured_value(measure) }} as {{ name }},
        {% endfor -%}
        {{ date }} as date_day
    from {{ fact }}
    {{ where_measured(changed, date) }}
),

days_{{ n }} as (
    {{ days_to_measure(changed, fact, date) }}
),

measured_{{ n }} as (
    select
        days.tenant_key,
        {% for dimension in dimensions -%}
        facts.{{ dimension }},
        {% endfor -%}
        days.grain,
        days.period_start_date,
        days.period_end_date,
        {% for name, measure in columns.items() -%}
        {{ aggregated(measure, 'facts.' ~ name) }} as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from days_{{ n }} as days
    inner join facts_{{ n }} as facts
        on
            days.tenant_key = facts.tenant_key
            and days.date_day = facts.date_day
    group by
        days.tenant_key,
        {% for dimension in dimensions -%}
        facts.{{ dimension }},
        {% endfor -%}
        days.grain,
        days.period_start_date,
        days.period_end_date
),

{% endfor -%}
{% if facts | length == 1 -%}
final as (
    select * from measured_1
)
{%- else -%}
active as (
    {% for _ in facts -%}
    {{ 'union distinct' if not loop.first }}
    select
        {% for key in keys -%}
        {{ key }}{{ ',' if not loop.last }}
        {% endfor %}
    from measured_{{ loop.index }}
    {% endfor %}
),

final as (
    select
        {% for _, _, columns in facts -%}
        {%- set n = loop.index -%}
        {%- for name, measure in columns.items() -%}
        {{ filled('measured_' ~ n ~ '.' ~ name, measure) }} as {{ name }},
        {% endfor -%}
        {%- endfor -%}
        active.*
    from active
    {% for _ in facts -%}
    {%- set n = loop.index -%}
    left join measured_{{ n }}
        on
            {% for key in keys if key != 'period_end_date' -%}
            {{ 'and ' if not loop.first }}active.{{ key }} = measured_{{ n }}.{{ key }}
            {% endfor %}
    {% endfor %}
)
{%- endif %}

select * from final
{%- endmacro %}

{# What one row of a fact gives to a measure; null: nothing. #}
{% macro measured_value(measure) -%}
    {%- set value = measure.get('of', 1) -%}
    {%- if measure.where -%}
    case when {{ measure.where }} then {{ value }} end
    {%- else -%}
    {{ value }}
    {%- endif -%}
{%- endmacro %}

{% macro aggregated(measure, value) -%}
    {%- if measure.kind == 'count' -%}
    count({{ value }})
    {%- elif measure.kind == 'distinct' -%}
    count(distinct {{ value }})
    {%- elif measure.kind == 'quantile' -%}
    {{ quantile(value, measure.percent) }}
    {%- elif measure.divisor -%}
    {{ ratio('coalesce(sum(' ~ value ~ '), 0)', measure.divisor) }}
    {%- else -%}
    {{ filled('sum(' ~ value ~ ')', measure) }}
    {%- endif -%}
{%- endmacro %}

{# What is measured where nothing was: 0 of what is counted or added up, else null. #}
{% macro filled(value, measure) -%}
    {%- if measure.kind == 'quantile' -%}
    {{ value }}
    {%- elif measure.kind == 'sum' -%}
    cast(
        coalesce({{ value }}, 0) as {{ 'bigint' if measure.whole else 'numeric(38, 9)' }}
    )
    {%- else -%}
    coalesce({{ value }}, 0)
    {%- endif -%}
{%- endmacro %}
