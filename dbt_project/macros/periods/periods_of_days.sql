{#
    A query: every row of a relation with a date_day three times, once per grain, with the
    first and last date of the day, ISO week or calendar month that holds it.
#}
{% macro periods_of_days(relation) -%}
    select
        {{ relation }}.*,
        'day' as grain,
        date_day as period_start_date,
        date_day as period_end_date
    from {{ relation }}
    union all
    select
        {{ relation }}.*,
        'week' as grain,
        {{ week_start('date_day') }} as period_start_date,
        cast({{ dbt.dateadd('day', 6, week_start('date_day')) }} as date)
            as period_end_date
    from {{ relation }}
    union all
    select
        {{ relation }}.*,
        'month' as grain,
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as period_start_date,
        cast({{ dbt.last_day('date_day', 'month') }} as date) as period_end_date
    from {{ relation }}
{%- endmacro %}
