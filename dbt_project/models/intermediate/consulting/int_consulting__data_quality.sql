with

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

events as (
    select
        tenants.tenant_key,
        staged.*
    from {{ ref('stg_consulting__event_outbox') }} as staged
    inner join tenants
        on
            {{ only_tenant_key('consulting', of='staged.event_id') }}
            = tenants.tenant_key
),

accounts as (
    select
        tenants.tenant_key,
        staged.*
    from {{ ref('stg_consulting__accounts') }} as staged
    inner join tenants
        on
            {{ only_tenant_key('consulting', of='staged.account_id') }}
            = tenants.tenant_key
),

leads as (
    select
        tenants.tenant_key,
        staged.*,
        {{ is_implausible_in_minor_units(
            'staged.value_cents', 'currencies.minor_units'
        ) }}
            as has_implausible_value,
        staged.account_id is not null and accounts.account_id is null as is_orphan
    from {{ ref('stg_consulting__leads') }} as staged
    inner join tenants
        on {{ only_tenant_key('consulting', of='staged.lead_id') }} = tenants.tenant_key
    left join currencies on tenants.currency_code = currencies.currency_code
    left join accounts on staged.account_id = accounts.account_id
),

deals as (
    select
        tenants.tenant_key,
        staged.*,
        {{ is_implausible_in_minor_units(
            'staged.amount_cents', 'currencies.minor_units'
        ) }}
            as has_implausible_amount,
        staged.currency_code is not null and currencies.currency_code is null
            as has_unknown_currency,
        (staged.account_id is not null and accounts.account_id is null)
        or (staged.lead_id is not null and leads.lead_id is null) as is_orphan
    from {{ ref('stg_consulting__deals') }} as staged
    inner join tenants
        on {{ only_tenant_key('consulting', of='staged.deal_id') }} = tenants.tenant_key
    left join currencies
        on
            coalesce(staged.currency_code, tenants.currency_code)
            = currencies.currency_code
    left join accounts on staged.account_id = accounts.account_id
    left join leads on staged.lead_id = leads.lead_id
),

final as (
    {{ rejected_quality('consulting', ['event_outbox', 'leads', 'accounts', 'deals']) }}
    union all
    {{ flagged_quality('consulting', 'event_outbox', 'events', [
        [
            'has_implausible_created_at or has_implausible_processed_at',
            'implausible_instant', 'value'
        ],
        ['has_invalid_payload', 'malformed_json', 'value'],
        ['processed_at is null', 'unprocessed', 'check'],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('consulting', 'accounts', 'accounts', [
        [
            'has_implausible_created_at or has_implausible_updated_at',
            'implausible_instant', 'value'
        ],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('consulting', 'leads', 'leads', [
        [
            'has_implausible_created_at or has_implausible_updated_at',
            'implausible_instant', 'value'
        ],
        ['has_implausible_value', 'implausible_amount', 'value'],
        ['is_orphan', 'orphan', 'check'],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('consulting', 'deals', 'deals', [
        [
            'has_implausible_closed_at or has_implausible_created_at'
            ~ ' or has_implausible_updated_at',
            'implausible_instant', 'value'
        ],
        ['has_implausible_amount', 'implausible_amount', 'value'],
        ['has_unknown_currency', 'unknown_currency', 'value'],
        ['is_orphan', 'orphan', 'check'],
    ], '_loaded_at') }}
)

select * from final
