{% set weekdays = [
    'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'
] -%}
with

settings as (
    select * from {{ ref('tenant_settings') }}
),

tenants as (
    select * from {{ ref('int_whatsapp__known_tenants') }}
),

days as (
    {% for weekday in weekdays -%}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        {{ weekday }}_opens as opens_time,
        {{ weekday }}_closes as closes_time,
        {{ loop.index0 * 1440 }} as day_minute
    from settings
    {% endfor -%}
),

timed as (
    select
        tenant_key,
        day_minute,
        {{ minute_of_day('opens_time') }} as opens,
        {{ minute_of_day('closes_time') }} as closes
    from days
),

-- What closes at or before it opens does so on the next day.
spans as (
    select
        tenant_key,
        day_minute + opens as starts,
        day_minute + closes + case when closes <= opens then 1440 else 0 end as ends
    from timed
    where opens < 1440 and closes is not null
),

-- At the latest when the next hours begin, in the next week for the last ones of this.
cut as (
    select
        tenant_key,
        starts,
        least(
            ends,
            coalesce(
                lead(starts) over (partition by tenant_key order by starts),
                min(starts) over (partition by tenant_key) + 10080
            )
        ) as ends
    from spans
),

parts as (
    select
        tenant_key,
        starts,
        least(ends, 10080) as ends
    from cut
    union all
    select
        tenant_key,
        0 as starts,
        ends - 10080 as ends
    from cut
    where ends > 10080
),

final as (
    select
        parts.tenant_key,
        tenants.timezone,
        cast(parts.starts as bigint) as starts_minute,
        cast(parts.ends as bigint) as ends_minute
    from parts
    inner join tenants on parts.tenant_key = tenants.tenant_key
)

select * from final
