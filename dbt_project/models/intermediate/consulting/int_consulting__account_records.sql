{{ config(materialized='view') }}

with

leads as (
    select * from {{ ref('dim_leads') }}
    where not is_inferred
),

deals as (
    select * from {{ ref('fct_deals') }}
),

stages as (
    select * from {{ ref('lead_stages') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

records as (
    select
        leads.tenant_key,
        leads.account_id,
        'lead' as record,
        leads.lead_id as record_id,
        leads.owner,
        coalesce(stages.outcome, 'open') as outcome,
        cast(null as {{ dbt.type_string() }}) as currency_code,
        cast(null as numeric(38, 9)) as amount,
        {{ local_date('leads.created_at', 'tenants.timezone') }} as created_date,
        cast(null as date) as closed_date,
        leads.created_at
    from leads
    inner join tenants on leads.tenant_key = tenants.tenant_key
    left join stages on leads.status = stages.stage
    union all
    select
        tenant_key,
        account_id,
        'deal' as record,
        deal_id as record_id,
        cast(null as {{ dbt.type_string() }}) as owner,
        case when is_won then 'won' when is_lost then 'lost' else 'open' end as outcome,
        currency_code,
        deal_amount as amount,
        created_date,
        closed_date,
        created_at
    from deals
),

-- What will have been closed only after the tenant's local day is open.
final as (
    select
        records.tenant_key,
        records.account_id,
        records.record,
        records.record_id,
        records.owner,
        case
            when records.closed_date > tenants.local_date then 'open'
            else records.outcome
        end as outcome,
        case
            when records.currency_code = tenants.currency_code then records.amount
        end as amount,
        coalesce(records.currency_code <> tenants.currency_code, false)
            as is_in_other_currency,
        records.created_date,
        case
            when records.closed_date <= tenants.local_date then records.closed_date
        end as closed_date,
        records.created_at
    from records
    inner join tenants on records.tenant_key = tenants.tenant_key
    where coalesce(records.created_date <= tenants.local_date, true)
)

select * from final
