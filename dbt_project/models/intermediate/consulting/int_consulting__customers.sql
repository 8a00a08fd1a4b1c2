with

accounts as (
    select * from {{ ref('dim_accounts') }}
    where account_id not in ({{ unknown_identifiers('consulting') }})
),

leads as (
    select * from {{ ref('dim_leads') }}
),

deals as (
    select * from {{ ref('fct_deals') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

seen as (
    select
        tenant_key,
        account_id,
        created_at as seen_at
    from leads
    union all
    select
        tenant_key,
        account_id,
        created_at as seen_at
    from deals
),

first_seen as (
    select
        seen.account_id,
        min(seen.seen_at) as first_seen_at
    from seen
    inner join tenants on seen.tenant_key = tenants.tenant_key
    where {{ local_date('seen.seen_at', 'tenants.timezone') }} <= tenants.local_date
    group by seen.account_id
),

final as (
    select
        {{ source_key('consulting', 'accounts.account_id') }} as customer_key,
        accounts.tenant_key,
        {{ source_of('consulting', 'accounts.account_id') }} as source_system,
        accounts.account_id as customer_id,
        nullif(accounts.account_name, accounts.account_id) as customer_name,
        cast(null as {{ dbt.type_string() }}) as email_hash,
        cast(null as {{ dbt.type_string() }}) as phone_hash,
        accounts.is_inferred,
        first_seen.first_seen_at
    from accounts
    left join first_seen on accounts.account_id = first_seen.account_id
)

select * from final
