{#
    A query: every row of a relation with a date_day once per grain, with the first and last
    date of the day, ISO week or calendar month that holds it.
#}
{% macro periods_of_days(relation, grains=['day', 'week', 'month']) -%}
    {% for grain in grains -%}
    {{ 'union all' if not loop.first }}
    select
        {{ relation }}.*,
        '{{ grain }}' as grain,
        {% if grain == 'day' -%}
        date_day as period_start_date,
        date_day as period_end_date
        {%- elif grain == 'week' -%}
        {{ week_start('date_day') }} as period_start_date,
        cast({{ dbt.dateadd('day', 6, week_start('date_day')) }} as date)
            as period_end_date
        {%- else -%}
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as period_start_date,
        cast({{ dbt.last_day('date_day', 'month') }} as date) as period_end_date
        {%- endif %}
    from {{ relation }}
    {% endfor %}
{%- endmacro %}
