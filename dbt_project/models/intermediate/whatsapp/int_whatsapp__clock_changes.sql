{#
    Days with a change are looked for, of these hours, of these minutes; counted in seconds.
-#}
{% set steps = [86400, 3600, 60] -%}
with

business_hours as (
    select * from {{ ref('int_whatsapp__business_hours') }}
),

zones as (
    select distinct
        timezone,
        cast('{{ var("first_plausible_date") }}' as date) as first_date,
        cast('{{ var("last_plausible_date") }}' as date) as last_date
    from business_hours
),

days as (
    {{ days_between('zones', 'first_date', 'last_date') }}
),

numbers as (
    {% for number in range(60) -%}
    {{ 'union all' if not loop.first }}
    select {{ number }} as number
    {% endfor -%}
),

instants_of_{{ steps[0] }} as (
    select
        timezone,
        {{ utc_midnight('date_day') }} as starts_at
    from days
),

{% for step in steps -%}
changes_of_{{ step }} as (
    select *
    from instants_of_{{ step }}
    where
        {{ clock_offset('starts_at', 'timezone') }}
        <> {{ clock_offset(seconds_after('starts_at', step), 'timezone') }}
),

{% if not loop.last -%}
{% set next = steps[loop.index] -%}
instants_of_{{ next }} as (
    select
        changes.timezone,
        {{ seconds_after('changes.starts_at', 'numbers.number * ' ~ next) }}
            as starts_at
    from changes_of_{{ step }} as changes
    inner join numbers on numbers.number < {{ step // next }}
),

{% endif -%}
{% endfor -%}
final as (
    select
        timezone,
        {{ seconds_after('starts_at', 60) }} as changed_at,
        {{ local_microseconds('starts_at', 'timezone') }} + 60000000
            as local_microseconds_before,
        {{ local_microseconds(seconds_after('starts_at', 60), 'timezone') }}
            as local_microseconds_after
    from changes_of_60
)

select * from final
