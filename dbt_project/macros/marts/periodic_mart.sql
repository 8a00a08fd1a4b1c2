{#
    The body of a periodic mart in one grain: the rows that `calendar` gives it, filled from
    `measures`, and what is computed from these. Written for declared marts by
    `python -m marts write`.

    `columns` are name → what it is:

    - kind: count, sum or distinct (0 where nothing was), quantile (null where nothing was),
    - kind: ratio, total or difference, with the columns it is made `of`,
    - whole: whether a sum, total or difference is of whole numbers; else numeric(38, 9).
#}
{% macro periodic_mart(grain, calendar, measures, dimensions, columns) -%}
{{ clustered_by('tenant_key', month_of='period_start_date') }}
{%- set keys = ['tenant_key'] + dimensions + ['period_start_date'] -%}
{%- set expressions = {} %}
with

calendar as (
    select * from {{ calendar }}
    where grain = '{{ grain }}'
),

measures as (
    select * from {{ measures }}
    where grain = '{{ grain }}'
),

measured as (
    select
        calendar.tenant_key,
        {% for dimension in dimensions -%}
        calendar.{{ dimension }},
        {% endfor -%}
        calendar.period_start_date,
        calendar.period_end_date,
        {% for name, column in columns.items() if not column.of -%}
        {%- do expressions.update({name: 'measured.' ~ name}) -%}
        {{ filled('measures.' ~ name, column) }} as {{ name }},
        {% endfor -%}
        calendar.is_complete
    from calendar
    left join measures
        on
            {% for key in keys -%}
            {{ 'and ' if not loop.first }}calendar.{{ key }} = measures.{{ key }}
            {% endfor %}
),

final as (
    select
        {% for name, column in columns.items() if column.of -%}
        {%- set parts = [] -%}
        {%- for part in column.of -%}
            {%- do parts.append(expressions[part]) -%}
        {%- endfor -%}
        {%- if column.kind == 'ratio' -%}
        {{ ratio(*parts) }} as {{ name }},
        {% else -%}
        {%- set signed = parts | join(' + ' if column.kind == 'total' else ' - ') -%}
        {%- do expressions.update({name: '(' ~ signed ~ ')'}) -%}
        cast({{ signed }} as {{ 'bigint' if column.whole else 'numeric(38, 9)' }})
            as {{ name }},
        {% endif -%}
        {%- endfor -%}
        measured.*
    from measured
)

select * from final
{%- endmacro %}
