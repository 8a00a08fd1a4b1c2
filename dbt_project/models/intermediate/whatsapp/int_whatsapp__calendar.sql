with

conversations as (
    select * from {{ ref('fct_conversations') }}
),

messages as (
    select * from {{ ref('fct_messages') }}
),

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

activity as (
    select
        tenant_key,
        outlet_id,
        started_date as activity_date
    from conversations
    union distinct
    select
        tenant_key,
        outlet_id,
        message_date as activity_date
    from messages
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

outlet_spans as (
    select
        outlets.tenant_key,
        outlets.outlet_id,
        tenants.timezone,
        tenant_spans.first_date,
        tenant_spans.last_date
    from outlets
    inner join tenant_spans on outlets.tenant_key = tenant_spans.tenant_key
    inner join tenants on outlets.tenant_key = tenants.tenant_key
),

days as (
    {{ days_between('outlet_spans', 'first_date', 'last_date') }}
),

periods as (
    {{ periods_of_days('days') }}
),

final as (
    select
        tenant_key,
        outlet_id,
        grain,
        period_end_date < {{ local_date(as_of(), 'timezone') }} as is_complete,
        date_day,
        period_start_date,
        period_end_date
    from periods
)

select * from final
