{{ config(
    materialized='incremental',
    unique_key='user_id',
    meta={'changed': 'int_shop__changed_users'}
) }}
{{ clustered_by(['user_id', 'customer_key']) }}

with

events as (
    select * from {{ ref('fct_web_events') }}
    {{ where_changed('int_shop__changed_users', 'user_id') }}
),

final as (
    select
        tenant_key,
        customer_key,
        user_id,
        min(case when not is_bot then event_date end) as first_event_date,
        min(occurred_at) as first_event_at
    from events
    where user_id is not null
    group by tenant_key, customer_key, user_id
)

select * from final
