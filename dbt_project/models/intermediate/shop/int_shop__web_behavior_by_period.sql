with

calendar as (
    select * from {{ ref('int_shop__web_behavior_calendar') }}
),

measures as (
    select * from {{ ref('int_shop__web_behavior_measures') }}
),

measured as (
    select
        calendar.tenant_key,
        calendar.grain,
        calendar.period_start_date,
        calendar.period_end_date,
        calendar.is_complete,
        {% for measure in [
            'sessions', 'page_views', 'product_views', 'searches', 'add_to_carts',
            'checkout_starts', 'checkout_completes', 'logins', 'registrations',
            'other_events', 'distinct_users', 'new_users', 'engaged_sessions',
            'bounced_sessions', 'bot_sessions', 'cart_sessions', 'checkout_sessions',
            'purchase_sessions', 'abandoned_carts'
        ] -%}
        coalesce(measures.{{ measure }}, 0) as {{ measure }},
        {% endfor -%}
        cast(coalesce(measures.total_session_seconds, 0) as numeric(38, 9))
            as total_session_seconds
    from calendar
    left join measures
        on
            calendar.tenant_key = measures.tenant_key
            and calendar.grain = measures.grain
            and calendar.period_start_date = measures.period_start_date
),

final as (
    select
        measured.*,
        measured.cart_sessions as carts,
        {{ ratio('measured.abandoned_carts', 'measured.cart_sessions') }}
            as cart_abandonment_rate,
        {{ ratio('measured.bounced_sessions', 'measured.sessions') }} as bounce_rate,
        {{ ratio('measured.total_session_seconds', 'measured.sessions') }}
            as average_session_seconds,
        {{ ratio('measured.cart_sessions', 'measured.sessions') }} as cart_rate,
        {{ ratio('measured.checkout_sessions', 'measured.sessions') }} as checkout_rate,
        {{ ratio('measured.purchase_sessions', 'measured.sessions') }} as purchase_rate
    from measured
)

select * from final
