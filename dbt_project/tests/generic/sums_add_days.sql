{#
    Reconciliation of a weekly or monthly mart: every column declared `additivity: sum` is
    the sum of its days, and every one declared `additivity: max` the largest of them.

    Minutes are rounded to 9 decimals per period, hence the tolerance. `days` is the daily
    mart, `keys` its columns beside the period. A null on either side counts as 0.
#}
{% test sums_add_days(model, days, keys) %}
    {%- set columns = {} -%}
    {%- for kind in ['sum', 'max'] if execute -%}
        {%- for column in columns_with_additivity(model.identifier, kind) -%}
            {%- do columns.update({column: kind}) -%}
        {%- endfor -%}
    {%- endfor %}
    with

    sums as (
        select
            {% for key in keys %}periods.{{ key }},
            {% endfor -%}
            periods.period_start_date
            {%- for column, kind in columns.items() %},
            max(periods.{{ adapter.quote(column) }}) as {{ column }}_of_period,
            {{ kind }}(days.{{ adapter.quote(column) }}) as {{ column }}_of_days
            {%- endfor %}
        from {{ model }} as periods
        left join {{ days }} as days
            on
                days.period_start_date
                between periods.period_start_date and periods.period_end_date
                {%- for key in keys %}
                and periods.{{ key }} = days.{{ key }}
                {%- endfor %}
        group by
            {% for key in keys %}periods.{{ key }},
            {% endfor -%}
            periods.period_start_date
    )

    select *
    from sums
    where
        false
        {%- for column in columns %}
        or abs(
            coalesce({{ column }}_of_period, 0) - coalesce({{ column }}_of_days, 0)
        ) > 0.000001
        {%- endfor %}
{% endtest %}
