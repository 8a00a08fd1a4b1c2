with

accounts as (
    select * from {{ ref('stg_consulting__accounts') }}
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

named as (
    select
        accounts.*,
        tenants.tenant_key
    from accounts
    inner join tenants
        on
            {{ only_tenant_key('consulting', of='accounts.account_id') }}
            = tenants.tenant_key
),

referenced as (
    select
        tenant_key,
        account_id
    from leads
    union distinct
    select
        tenant_key,
        account_id
    from deals
),

final as (
    select
        coalesce(named.account_id, referenced.account_id) as account_id,
        coalesce(named.tenant_key, referenced.tenant_key) as tenant_key,
        coalesce(named.account_name, named.account_id, referenced.account_id)
            as account_name,
        coalesce(named.industry, '{{ var("unknown_id") }}') as industry,
        named.account_id is null as is_inferred,
        named.created_at,
        named.updated_at
    from named
    full outer join referenced
        on
            named.tenant_key = referenced.tenant_key
            and named.account_id = referenced.account_id
)

select * from final
