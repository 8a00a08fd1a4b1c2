{#
    A query: every row of a relation once per day from one date column to another, both
    included, with the day as date_day.
#}
{% macro days_between(relation, first_date, last_date) -%}
    {{ return(adapter.dispatch('days_between')(relation, first_date, last_date)) }}
{%- endmacro %}

{% macro duckdb__days_between(relation, first_date, last_date) -%}
    select
        {{ relation }}.*,
        cast(
            unnest(
                generate_series(
                    cast({{ first_date }} as timestamp),
                    cast({{ last_date }} as timestamp),
                    interval 1 day
                )
            ) as date
        ) as date_day
    from {{ relation }}
{%- endmacro %}

{% macro postgres__days_between(relation, first_date, last_date) -%}
    select
        {{ relation }}.*,
        cast(days.day_start as date) as date_day
    from {{ relation }}
    cross join lateral generate_series(
        cast({{ first_date }} as timestamp),
        cast({{ last_date }} as timestamp),
        interval '1 day'
    ) as days (day_start)
{%- endmacro %}

{% macro bigquery__days_between(relation, first_date, last_date) -%}
    select
        {{ relation }}.*,
        date_day
    from {{ relation }}
    cross join unnest(generate_date_array({{ first_date }}, {{ last_date }})) as date_day
{%- endmacro %}
