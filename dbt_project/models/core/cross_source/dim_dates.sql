with

span as (
    select
        cast('{{ var("first_calendar_date") }}' as date) as first_date,
        cast('{{ var("last_calendar_date") }}' as date) as last_date
),

days as (
    {{ days_between('span', 'first_date', 'last_date') }}
),

final as (
    select
        cast(extract(year from date_day) as bigint) as year_number,
        cast(extract(month from date_day) as bigint) as month_number,
        cast(extract(day from date_day) as bigint) as day_of_month,
        {{ iso_year('date_day') }} as iso_year,
        {{ iso_week('date_day') }} as iso_week,
        {{ iso_weekday('date_day') }} as iso_weekday,
        {{ iso_weekday('date_day') }} >= 6 as is_weekend,
        date_day,
        {{ week_start('date_day') }} as week_start_date,
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start_date
    from days
)

select * from final
