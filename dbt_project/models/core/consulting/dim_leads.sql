with

leads as (
    select * from {{ ref('stg_consulting__leads') }}
),

deals as (
    select * from {{ ref('fct_deals') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

named as (
    select
        leads.*,
        tenants.tenant_key,
        {{ amount_from_minor_units('leads.value_cents', 'currencies.minor_units') }}
            as lead_value_amount
    from leads
    inner join tenants
        on {{ only_tenant_key('consulting', of='leads.lead_id') }} = tenants.tenant_key
    left join currencies on tenants.currency_code = currencies.currency_code
),

referenced as (
    select distinct
        tenant_key,
        lead_id
    from deals
),

final as (
    select
        coalesce(named.lead_id, referenced.lead_id) as lead_id,
        coalesce(named.tenant_key, referenced.tenant_key) as tenant_key,
        {{ known_identifier(
            'consulting', 'named.account_id',
            of='coalesce(named.lead_id, referenced.lead_id)'
        ) }} as account_id,
        named.owner,
        coalesce(named.lead_source, '{{ var("unknown_id") }}') as lead_source,
        coalesce(named.status, '{{ var("unknown_id") }}') as status,
        tenants.currency_code,
        named.lead_value_amount,
        named.lead_id is null as is_inferred,
        named.created_at,
        named.updated_at
    from named
    full outer join referenced
        on
            named.tenant_key = referenced.tenant_key
            and named.lead_id = referenced.lead_id
    inner join tenants
        on coalesce(named.tenant_key, referenced.tenant_key) = tenants.tenant_key
)

select * from final
