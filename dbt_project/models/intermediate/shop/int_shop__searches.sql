{{ config(
    materialized='incremental',
    unique_key='session_scope',
    meta={'changed': 'int_shop__changed_sessions'}
) }}
{{ clustered_by('session_scope', month_of='event_date') }}

with

events as (
    select * from {{ ref('fct_web_events') }}
    {{ where_changed('int_shop__changed_sessions', 'session_scope') }}
),

followed as (
    select
        {% for step in ['product_view', 'checkout_complete'] -%}
        max(case when event_type = '{{ step }}' then event_number end) over (
            partition by session_key
        ) as last_{{ step }}_number,
        {% endfor -%}
        *
    from events
    where session_key is not null and not is_bot
),

final as (
    select
        event_id,
        session_key,
        session_scope,
        tenant_key,
        coalesce(search_term, '{{ var("unknown_id") }}') as term,
        result_count,
        coalesce(last_product_view_number > event_number, false) as has_product_view,
        coalesce(last_checkout_complete_number > event_number, false) as has_purchase,
        event_date
    from followed
    where event_type = 'search'
)

select * from final
