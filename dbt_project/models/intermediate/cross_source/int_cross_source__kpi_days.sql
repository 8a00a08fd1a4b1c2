{#
    The one list of metrics, by system, as sums over the dimensions of daily marts. `kind` is

    - count: things that are counted,
    - share: the numerator counts some of those that the denominator counts,
    - ratio: an average, or any other ratio,
    - amount: money; a metric for each currency, which ends its name.

    Metrics of the mart that `settling` names go on changing while its conversations are
    active.
#}
{% set metrics_of = {
    'consulting': [
        ['leads_created', 'count', 'crm_metrics', 'leads_created', none],
        ['deals_won', 'count', 'crm_metrics', 'deals_won', none],
        ['won_amount', 'amount', 'crm_metrics', 'won_amount', none],
    ],
    'erp': [
        ['interactions', 'count', 'interactions', 'total_interactions', none],
    ],
    'restaurant': [
        ['visits', 'count', 'visits', 'total_visits', none],
        ['spend_amount', 'amount', 'visits', 'total_spend_amount', none],
        [
            'outreach_delivery_rate', 'share', 'campaigns', 'sent',
            'delivery_attempts'
        ],
    ],
    'shop': [
        ['orders_paid', 'count', 'sales', 'orders_paid', none],
        ['net_amount', 'amount', 'sales', 'net_amount', none],
        ['sessions', 'count', 'web_behavior', 'sessions', none],
        ['purchase_rate', 'share', 'web_behavior', 'purchase_sessions', 'sessions'],
    ],
    'whatsapp': [
        ['conversations', 'count', 'conversations', 'total_conversations', none],
        [
            'resolution_rate', 'share', 'conversations',
            'resolved_conversations', 'total_conversations'
        ],
        [
            'containment_rate', 'share', 'conversations',
            'contained_conversations', 'eligible_conversations'
        ],
        ['messages', 'count', 'messages', 'total_messages', none],
        [
            'average_response_time_seconds', 'ratio', 'messages',
            'total_response_seconds', 'responses'
        ],
        ['handoff_rate', 'ratio', 'handoffs', 'total_handoffs', 'total_conversations'],
        [
            'cost_per_conversation', 'ratio', 'costs', 'total_cost',
            'total_conversations'
        ],
    ],
} -%}
{% set systems = feeding_sources('tenant_calendar') -%}
{% set settling = 'conversations' -%}
with

-- Silence must be visible: a tenant as a whole has rows up to its local day.
tenant_days as (
    {% for system in systems -%}
    select
        tenant_key,
        period_start_date as date_day
    from {{ ref('int_' ~ system ~ '__tenant_calendar') }}
    where grain = 'day'
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

sums as (
    {% for system in systems -%}
    {{ 'union all' if not loop.first }}
    {% for metric, kind, mart, numerator, denominator in metrics_of[system] -%}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        {% if kind == 'amount' -%}
        '{{ metric }}_' || {{ lower_case('currency_code') }} as metric,
        {%- else -%}
        '{{ metric }}' as metric,
        {%- endif %}
        '{{ kind }}' as metric_kind,
        period_start_date as date_day,
        cast(sum({{ numerator }}) as numeric(38, 9)) as numerator,
        cast(
            {{ 'sum(' ~ denominator ~ ')' if denominator else 'null' }}
            as numeric(38, 9)
        ) as denominator,
        cast(
            {{ 'sum(total_conversations)' if mart == settling else 'null' }} as bigint
        ) as conversations,
        cast(
            {{ 'sum(active_conversations)' if mart == settling else 'null' }} as bigint
        ) as active_conversations
    from {{ ref(mart ~ '_daily') }}
    group by
        tenant_key,
        {{ 'currency_code,' if kind == 'amount' }}
        period_start_date
    {% endfor -%}
    {% endfor -%}
),

tenant_metrics as (
    select distinct
        tenant_key,
        metric,
        metric_kind
    from sums
),

final as (
    select
        tenant_metrics.tenant_key,
        tenant_metrics.metric,
        tenant_metrics.metric_kind,
        cast(coalesce(sums.numerator, 0) as numeric(38, 9)) as numerator,
        cast(
            case
                when tenant_metrics.metric_kind in ('share', 'ratio')
                    then coalesce(sums.denominator, 0)
            end as numeric(38, 9)
        ) as denominator,
        coalesce(sums.conversations, 0) as conversations,
        coalesce(sums.active_conversations, 0) as active_conversations,
        tenant_days.date_day
    from tenant_metrics
    inner join tenant_days on tenant_metrics.tenant_key = tenant_days.tenant_key
    left join sums
        on
            tenant_metrics.tenant_key = sums.tenant_key
            and tenant_metrics.metric = sums.metric
            and tenant_days.date_day = sums.date_day
)

select * from final
