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

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

final as (
    select
        deals.deal_id,
        tenants.tenant_key,
        coalesce(deals.account_id, '{{ var("unknown_id") }}') as account_id,
        coalesce(deals.lead_id, '{{ var("unknown_id") }}') as lead_id,
        deals.known_stage as stage,
        coalesce(currencies.currency_code, '{{ var("unknown_id") }}') as currency_code,
        {{ amount_from_minor_units('deals.amount_cents', 'currencies.minor_units') }}
            as deal_amount,
        deals.known_stage = 'won' as is_won,
        deals.known_stage = 'lost' as is_lost,
        {{ local_date('deals.created_at', 'tenants.timezone') }} as created_date,
        case
            when deals.known_stage in ('won', 'lost')
                then {{ local_date('deals.decided_at', 'tenants.timezone') }}
        end as closed_date,
        deals.created_at,
        deals.closed_at,
        deals.updated_at
    from deals
    cross join tenants
    left join currencies
        on
            coalesce(deals.currency_code, tenants.currency_code)
            = currencies.currency_code
)

select * from final
