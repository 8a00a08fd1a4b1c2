{% for grain in ['daily', 'weekly', 'monthly', 'trailing'] -%}
{{ 'union all' if not loop.first }}
select
    'pipeline_{{ grain }}' as mart,
    owner as dimension,
    period_start_date
from {{ ref('pipeline_' ~ grain) }}
where
    win_rate < 0
    or win_rate > 1
    or timed_deals + invalid_times_to_close > deals_decided
    or open_deals < 0
    or (open_deals = 0 and open_amount <> 0)
union all
select
    'outbox_{{ grain }}' as mart,
    event_type as dimension,
    period_start_date
from {{ ref('outbox_' ~ grain) }}
where
    processed_events > events
    or timed_events + invalid_latencies <> processed_events
    or unprocessed_events < 0
    or p50_latency_seconds > p90_latency_seconds
    or p90_latency_seconds > max_latency_seconds
    or average_latency_seconds > max_latency_seconds
{% endfor %}
