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
        -- A deal that was closed without a date counts when it was last touched.
        coalesce(closed_at, updated_at, created_at) as decided_at
    from {{ ref('stg_consulting__deals') }}
    {{ where_changed('int_consulting__changed_deals', 'deal_id') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

final as (
    select
        deals.deal_id,
        tenants.tenant_key,
        coalesce(deals.account_id, '{{ var("unknown_id") }}') as account_id,
        coalesce(deals.lead_id, '{{ var("unknown_id") }}') as lead_id,
        deals.known_stage as stage,
        coalesce(deals.currency_code, {{ default_currency() }}) as currency_code,
        {{ amount_from_cents('deals.amount_cents') }} as deal_amount,
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
)

select * from final
