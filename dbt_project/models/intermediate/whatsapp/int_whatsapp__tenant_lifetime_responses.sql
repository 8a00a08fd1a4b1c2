{{ config(
    materialized='incremental',
    unique_key='tenant_key',
    meta={'changed': 'int_whatsapp__changed_periods'}
) }}
{{ clustered_by('tenant_key') }}

with

turns as (
    select * from {{ ref('fct_responses') }}
    {{ where_changed('int_whatsapp__changed_periods', 'tenant_key') }}
),

tenants as (
    select * from {{ ref('int_whatsapp__tenants') }}
),

answered as (
    select
        turns.tenant_key,
        turns.response_seconds,
        case when turns.responder_type = 'agent' then turns.response_seconds end
            as agent_response_seconds
    from turns
    inner join tenants
        on
            turns.tenant_key = tenants.tenant_key
            and turns.opened_date <= tenants.local_date
    where turns.is_answered
),

final as (
    select
        tenant_key,
        {{ quantile('response_seconds', 50) }} as p50_response_seconds,
        {{ quantile('agent_response_seconds', 50) }} as p50_agent_response_seconds
    from answered
    group by tenant_key
)

select * from final
