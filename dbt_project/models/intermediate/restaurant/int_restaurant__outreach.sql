{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_restaurant__changed_customers'}
) }}
{{ clustered_by('customer_id') }}

with

outreach_events as (
    select * from {{ ref('stg_restaurant__outreach_events') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

ranked as (
    select
        *,
        count(*) over (partition by campaign_id, customer_id) as source_rows,
        sum(case when has_implausible_instant then 1 else 0 end) over (
            partition by campaign_id, customer_id
        ) as implausible_rows,
        row_number() over (
            partition by campaign_id, customer_id
            order by
                case when updated_at is null then 1 else 0 end,
                updated_at desc,
                {{ sortable_id('outreach_event_id') }} desc
        ) as place
    from outreach_events
),

final as (
    select
        outreach_event_id,
        campaign_id,
        customer_id,
        status,
        error_category,
        source_rows,
        cast(implausible_rows as bigint) as implausible_rows,
        has_error,
        created_at,
        sent_at
    from ranked
    where place = 1
)

select * from final
