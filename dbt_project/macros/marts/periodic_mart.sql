{#
    The body of a periodic mart in one grain: its rows, filled from `measures`, and what is
    computed from these. Written for declared marts by `python -m marts write`.

    It has rows for what is active in `measures`, or in the models of measures that `rows_of`
    names, and up to `quiet_days` (a variable) after it; where that is none only for what is in
    `measures`. `columns` are name → what it is:

    - kind: count, sum or distinct (0 where nothing was), quantile or max (null where nothing
      was),
    - kind: ratio, total, difference or balance, with the columns it is made `of`: a balance
      is all of the first that came by the end of the period, less all of the second,
    - whole: whether a sum, maximum, total, difference or balance is of whole numbers; else it
      is numeric(38, 9),
    - known_since: [model with a row for each source_system, its column of instants]: null in
      periods that ended before,
    - quoted, measured_as: of one whose name is a word of SQL, that, and its name in `measures`.

    `attributes` are name → [model, keys]: what the one row of the model with these keys says.
#}
{% macro periodic_mart(
    grain, system, measures, dimensions, columns, rows_of=[], attributes={},
    quiet_days='quiet_days'
) -%}
{{ clustered_by('tenant_key', month_of='period_start_date') }}
{%- set keys = ['tenant_key'] + dimensions -%}
{%- set balances = balances_of(columns) %}
with

measures as (
    select * from {{ measures }}
    where grain = '{{ grain }}'
),

calendar as (
    {% if quiet_days -%}
    {{ calendar_of_activity(
        system, measures_of_activity(measures, rows_of), dimensions, var(quiet_days),
        balances=balances.values() | list, grains=[grain]
    ) }}
    {%- else -%}
    select
        {% for key in keys -%}
        measures.{{ key }},
        {% endfor -%}
        measures.period_end_date < tenants.local_date as is_complete,
        measures.period_start_date,
        measures.period_end_date
    from measures
    inner join {{ ref('int_' ~ system ~ '__tenants') }} as tenants
        on measures.tenant_key = tenants.tenant_key
    {%- endif %}
),

measured as (
    select
        {% for key in keys -%}
        calendar.{{ key }},
        {% endfor -%}
        calendar.period_start_date,
        calendar.period_end_date,
        {% for name, column in columns.items() if not column.of -%}
        {{ where_known(
            filled('measures.' ~ (column.measured_as or name), column), column, 'calendar'
        ) }} as {{ sql_name(name, column) }},
        {% endfor -%}
        calendar.is_complete
    from calendar
    left join measures
        on
            {% for key in keys + ['period_start_date'] -%}
            {{ 'and ' if not loop.first }}calendar.{{ key }} = measures.{{ key }}
            {% endfor %}
    {{ join_since_known(columns, 'calendar', system) }}
),

{% if balances -%}
-- The rows begin with the first that came: there was nothing before.
balanced as (
    select
        measured.*,
        {% for name in balances -%}
        {%- set balance -%}
            sum(measured.{{ columns[name].of | join(' - measured.') }}) over (
                partition by measured.{{ keys | join(', measured.') }}
                order by measured.period_start_date
                rows between unbounded preceding and current row
            )
        {%- endset -%}
        {{ as_number(balance, columns[name]) }} as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from measured
),

{% endif -%}
final as (
    {{ computed_columns(
        'balanced' if balances else 'measured', columns, attributes
    ) }}
)

select * from final
{%- endmacro %}

{# Name → what of a row of measures adds to a balance, for the columns that are balances. #}
{% macro balances_of(columns) -%}
    {%- set balances = {} -%}
    {%- for name, column in columns.items() if column.kind == 'balance' -%}
        {%- set parts = [] -%}
        {%- for part in column.of -%}
            {%- do parts.append(columns[part].measured_as or part) -%}
        {%- endfor -%}
        {%- do balances.update({name: parts | join(' - ')}) -%}
    {%- endfor -%}
    {{ return(balances) }}
{%- endmacro %}

{#
    The relations whose activity gives a mart its rows. Those of other marts a unit test of this
    one need not give: whoever adds a mart would have to change it.
#}
{% macro measures_of_activity(measures, rows_of) -%}
    {%- set relations = [measures] -%}
    {%- for name in rows_of -%}
        {{- waits_for(name) -}}
        {%- if execute and this is not none -%}
            {%- do relations.append(relation_of(name)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(relations) }}
{%- endmacro %}

{#
    A query: all columns of a relation with tenants and periods, those that are computed from
    them, and attributes of the same keys.
#}
{% macro computed_columns(relation, columns, attributes) -%}
    {%- set expressions, joined = {}, {} -%}
    {%- for model_name, keys in attributes.values() -%}
        {%- do joined.update({model_name: keys}) -%}
    {%- endfor -%}
    {%- for name, column in columns.items() if not column.of or column.kind == 'balance' -%}
        {%- do expressions.update({name: relation ~ '.' ~ name}) -%}
    {%- endfor -%}
    select
        {% for name, column in columns.items() if column.of and column.kind != 'balance' -%}
        {%- set parts = [] -%}
        {%- for part in column.of -%}
            {%- do parts.append(expressions[part]) -%}
        {%- endfor -%}
        {%- if column.kind == 'ratio' -%}
        {{ ratio(*parts) }} as {{ name }},
        {% else -%}
        {%- set signed = parts | join(' + ' if column.kind == 'total' else ' - ') -%}
        {%- do expressions.update({name: '(' ~ signed ~ ')'}) -%}
        {{ as_number(signed, column) }} as {{ sql_name(name, column) }},
        {% endif -%}
        {%- endfor -%}
        {% for name, (model_name, keys) in attributes.items() -%}
        {{ model_name }}.{{ name }},
        {% endfor -%}
        {{ relation }}.*
    from {{ relation }}
    {% for model_name, keys in joined.items() -%}
    left join {{ ref(model_name) }} as {{ model_name }}
        on
            {% for key in keys -%}
            {{ 'and ' if not loop.first }}{{ relation }}.{{ key }} = {{ model_name }}.{{ key }}
            {% endfor %}
    {% endfor %}
{%- endmacro %}

{# A value, or null in a period that ended before it could be known. #}
{% macro where_known(value, column, periods) -%}
    {%- if column.known_since -%}
    case
        when {{ periods }}.period_end_date >= {{ local_date(
            column.known_since | join('.'), 'tenants.timezone'
        ) }} then {{ value }}
    end
    {%- else -%}
    {{ value }}
    {%- endif -%}
{%- endmacro %}

{# The joins that where_known() wants, to a relation of periods. #}
{% macro join_since_known(columns, periods, system) -%}
    {%- set models = columns.values() | selectattr('known_since', 'defined')
        | map(attribute='known_since') | map('first') | unique | list -%}
    {%- if models -%}
    inner join {{ ref('int_' ~ system ~ '__tenants') }} as tenants
        on {{ periods }}.tenant_key = tenants.tenant_key
    {%- endif -%}
    {%- for model_name in models %}
    left join {{ ref(model_name) }} as {{ model_name }}
        on {{ source_of_key(periods ~ '.tenant_key') }} = {{ model_name }}.source_system
    {%- endfor -%}
{%- endmacro %}

{# A column's name as SQL takes it: what is a word of SQL is quoted. #}
{% macro sql_name(name, column) -%}
    {{- adapter.quote(name) if column.quoted else name -}}
{%- endmacro %}
