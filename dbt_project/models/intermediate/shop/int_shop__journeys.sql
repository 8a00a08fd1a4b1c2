{{ config(materialized='view') }}

with

sessions as (
    select * from {{ ref('fct_sessions') }}
),

final as (
    select
        session_key,
        tenant_key,
        path,
        checkout_completes > 0 as is_purchasing,
        session_date
    from sessions
    where not is_bot
)

select * from final
