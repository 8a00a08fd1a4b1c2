{# [measure, mart with more dimensions, its measure, that of web_behavior] -#}
{%- set comparisons = [
    ('sessions', 'journeys_daily', 'sessions', 'sessions'),
    ('new users', 'acquisition_daily', 'new_users', 'new_users'),
    ('registrations', 'acquisition_daily', 'registrations', 'registrations')
] -%}
with

numbers as (
    {% for measure, mart, of_mart, of_web_behavior in comparisons -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ measure }}' as measure,
        period_start_date,
        {{ of_mart }} as of_mart,
        0 as of_web_behavior
    from {{ ref(mart) }}
    union all
    select
        '{{ measure }}' as measure,
        period_start_date,
        0 as of_mart,
        {{ of_web_behavior }} as of_web_behavior
    from {{ ref('web_behavior_daily') }}
    {% endfor %}
)

select
    measure,
    period_start_date
from numbers
group by measure, period_start_date
having sum(of_mart) <> sum(of_web_behavior)
