{{ config(
    materialized='incremental',
    unique_key='deal_id',
    meta={'changed': 'int_consulting__changed_deals'}
) }}
{{ clustered_by('deal_id', month_of='created_date') }}

with

deals as (
    select
        *,
        coalesce(stage, '{{ var("unknown_id") }}') as known_stage,
        -- Closed without a date, it counts when it was last touched; with a date that
        -- can't be, in no period.
        case
            when not has_implausible_closed_at
                then coalesce(closed_at, updated_at, created_at)
        end as decided_at
    from {{ ref('stg_consulting__deals') }}
    {{ where_changed('int_consulting__changed_deals', 'deal_id') }}
),

leads as (
    select * from {{ ref('stg_consulting__leads') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

dated as (
    select
        deals.*,
        tenants.tenant_key,
        deals.known_stage in ('won', 'lost') as is_closed,
        coalesce(deals.currency_code, tenants.currency_code) as known_currency_code,
        {{ local_date('deals.created_at', 'tenants.timezone') }} as created_date,
        {{ local_date('deals.decided_at', 'tenants.timezone') }} as decided_date
    from deals
    inner join tenants
        on {{ only_tenant_key('consulting', of='deals.deal_id') }} = tenants.tenant_key
),

final as (
    select
        dated.deal_id,
        dated.tenant_key,
        {{ known_identifier('consulting', 'dated.account_id', of='dated.deal_id') }}
            as account_id,
        {{ known_identifier('consulting', 'dated.lead_id', of='dated.deal_id') }}
            as lead_id,
        coalesce(leads.owner, '{{ var("unknown_id") }}') as owner,
        coalesce(leads.lead_source, '{{ var("unknown_id") }}') as lead_source,
        dated.known_stage as stage,
        coalesce(currencies.currency_code, '{{ var("unknown_id") }}') as currency_code,
        {{ amount_from_minor_units('dated.amount_cents', 'currencies.minor_units') }}
            as deal_amount,
        case
            when dated.is_closed and dated.closed_at >= dated.created_at
                then {{ seconds_from_microseconds(
                    microseconds_between('dated.created_at', 'dated.closed_at')
                ) }}
        end as seconds_to_close,
        dated.known_stage = 'won' as is_won,
        dated.known_stage = 'lost' as is_lost,
        coalesce(dated.is_closed and dated.closed_at < dated.created_at, false)
            as has_invalid_time_to_close,
        dated.created_date,
        case when dated.is_closed then dated.decided_date end as closed_date,
        -- Closed before it was created, or nobody knows when, it has never been open.
        case
            when dated.is_closed and dated.decided_date > dated.created_date
                then dated.decided_date
            when dated.is_closed then dated.created_date
        end as ended_date,
        dated.created_at,
        dated.closed_at,
        dated.updated_at
    from dated
    left join leads on dated.lead_id = leads.lead_id
    left join currencies on dated.known_currency_code = currencies.currency_code
)

select * from final
