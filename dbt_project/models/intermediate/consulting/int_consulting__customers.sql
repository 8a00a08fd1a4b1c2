with

accounts as (
    select * from {{ ref('dim_accounts') }}
    where account_id <> '{{ var("unknown_id") }}'
),

leads as (
    select * from {{ ref('dim_leads') }}
),

deals as (
    select * from {{ ref('fct_deals') }}
),

seen as (
    select
        account_id,
        created_at as seen_at
    from leads
    union all
    select
        account_id,
        created_at as seen_at
    from deals
),

first_seen as (
    select
        account_id,
        min(seen_at) as first_seen_at
    from seen
    group by account_id
),

final as (
    select
        'consulting:' || accounts.account_id as customer_key,
        accounts.tenant_key,
        'consulting' as source_system,
        accounts.account_id as customer_id,
        cast(null as {{ dbt.type_string() }}) as email_hash,
        cast(null as {{ dbt.type_string() }}) as phone_hash,
        accounts.is_inferred,
        first_seen.first_seen_at
    from accounts
    left join first_seen on accounts.account_id = first_seen.account_id
)

select * from final
