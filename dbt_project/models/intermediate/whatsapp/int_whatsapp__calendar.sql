with

conversations as (
    select * from {{ ref('int_whatsapp__conversation_measures') }}
),

messages as (
    select * from {{ ref('int_whatsapp__message_measures') }}
),

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

activity as (
    select
        tenant_key,
        outlet_id,
        period_start_date as activity_date
    from conversations
    where grain = 'day'
    union distinct
    select
        tenant_key,
        outlet_id,
        period_start_date as activity_date
    from messages
    where grain = 'day'
),

outlets as (
    select distinct
        tenant_key,
        outlet_id
    from activity
),

tenant_spans as (
    select
        tenant_key,
        min(activity_date) as first_date,
        max(activity_date) as last_date
    from activity
    group by tenant_key
),

days as (
    {{ days_between('tenant_spans', 'first_date', 'last_date') }}
),

periods as (
    {{ periods_of_days('days') }}
),

tenant_periods as (
    select distinct
        tenant_key,
        grain,
        period_start_date,
        period_end_date
    from periods
),

final as (
    select
        outlets.tenant_key,
        outlets.outlet_id,
        tenant_periods.grain,
        tenant_periods.period_start_date,
        tenant_periods.period_end_date,
        tenant_periods.period_end_date
        < {{ local_date(as_of(), 'tenants.timezone') }} as is_complete
    from outlets
    inner join tenants on outlets.tenant_key = tenants.tenant_key
    inner join tenant_periods on outlets.tenant_key = tenant_periods.tenant_key
)

select * from final
