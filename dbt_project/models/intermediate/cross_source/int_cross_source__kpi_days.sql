{#
    metric, mart, numerator, denominator: sums over the mart's dimensions. A metric of money
    is one for each currency, which ends its name.
#}
{% set metrics = [
    ['conversations', 'conversations', 'total_conversations', none],
    ['resolution_rate', 'conversations', 'resolved_conversations', 'total_conversations'],
    ['containment_rate', 'conversations', 'contained_conversations', 'eligible_conversations'],
    ['messages', 'messages', 'total_messages', none],
    ['average_response_time_seconds', 'messages', 'total_response_seconds', 'responses'],
    ['handoff_rate', 'handoffs', 'total_handoffs', 'total_conversations'],
    ['cost_per_conversation', 'costs', 'total_cost', 'total_conversations'],
    ['leads_created', 'crm_metrics', 'leads_created', none],
    ['deals_won', 'crm_metrics', 'deals_won', none],
    ['visits', 'visits', 'total_visits', none],
    ['outreach_delivery_rate', 'campaigns', 'sent', 'delivery_attempts'],
    ['orders_paid', 'sales', 'orders_paid', none],
    ['sessions', 'web_behavior', 'sessions', none],
    ['purchase_rate', 'web_behavior', 'purchase_sessions', 'sessions'],
    ['interactions', 'interactions', 'total_interactions', none],
] -%}
{% set amounts = [
    ['won_amount', 'crm_metrics', 'won_amount'],
    ['spend_amount', 'visits', 'total_spend_amount'],
    ['net_amount', 'sales', 'net_amount'],
] -%}
with

days as (
    {% for metric, mart, numerator, denominator in metrics -%}
    select
        tenant_key,
        '{{ metric }}' as metric,
        {{ 'true' if denominator else 'false' }} as is_ratio,
        period_start_date as date_day,
        cast(sum({{ numerator }}) as numeric(38, 9)) as numerator,
        cast(
            {{ 'sum(' ~ denominator ~ ')' if denominator else 'null' }}
            as numeric(38, 9)
        ) as denominator
    from {{ ref(mart ~ '_daily') }}
    group by
        tenant_key,
        period_start_date
    union all
    {% endfor -%}
    {% for metric, mart, amount in amounts -%}
    select
        tenant_key,
        '{{ metric }}_' || {{ lower_case('currency_code') }} as metric,
        false as is_ratio,
        period_start_date as date_day,
        cast(sum({{ amount }}) as numeric(38, 9)) as numerator,
        cast(null as numeric(38, 9)) as denominator
    from {{ ref(mart ~ '_daily') }}
    group by
        tenant_key,
        currency_code,
        period_start_date
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

final as (
    select
        tenant_key,
        metric,
        is_ratio,
        numerator,
        denominator,
        date_day
    from days
)

select * from final
