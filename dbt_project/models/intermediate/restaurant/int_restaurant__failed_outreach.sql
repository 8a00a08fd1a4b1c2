{{ config(materialized='view') }}

with

outreach as (
    select * from {{ ref('fct_outreach') }}
),

final as (
    select
        tenant_key,
        campaign_id,
        customer_id,
        coalesce(error_category, '{{ var("unknown_id") }}') as error_category,
        outreach_date
    from outreach
    where status = 'failed'
)

select * from final
