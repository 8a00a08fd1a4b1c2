{{ config(materialized='view') }}

with

visits as (
    select * from {{ ref('fct_visits') }}
),

final as (
    select
        visit_id as purchase_id,
        tenant_key,
        customer_key,
        customer_id,
        currency_code,
        cast(coalesce(spend_amount, 0) as numeric(38, 9)) as amount,
        visit_date as purchase_date,
        visited_at as purchased_at
    from visits
    where visit_date is not null
)

select * from final
