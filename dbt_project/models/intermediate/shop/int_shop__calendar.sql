with

tenants as (
    select * from {{ ref('int_shop__tenants') }}
),

active_days as (
    {% for mart in ['sales', 'products', 'web_behavior'] -%}
    {{ 'union distinct' if not loop.first }}
    select
        tenant_key,
        period_start_date as active_date
    from {{ ref('int_shop__' ~ mart ~ '_measures') }}
    where grain = 'day'
    {% endfor %}
),

spans as (
    select
        active_days.tenant_key,
        tenants.timezone,
        min(active_days.active_date) as first_date,
        max(active_days.active_date) as last_date
    from active_days
    inner join tenants on active_days.tenant_key = tenants.tenant_key
    group by active_days.tenant_key, tenants.timezone
),

days as (
    {{ days_between('spans', 'first_date', 'last_date') }}
),

periods as (
    {{ periods_of_days('days') }}
),

final as (
    select distinct
        tenant_key,
        grain,
        period_end_date < {{ local_date(as_of(), 'timezone') }} as is_complete,
        period_start_date,
        period_end_date
    from periods
)

select * from final
