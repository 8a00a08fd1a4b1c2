{% for mart in ['lead_funnel_daily', 'lead_funnel_weekly', 'lead_funnel_monthly'] -%}
{{ 'union all' if not loop.first }}
select
    tenant_key,
    stage,
    period_start_date
from {{ ref(mart) }}
where
    stage_conversion_rate < 0
    or stage_conversion_rate > 1
    or leads_reaching_next_stage > convertible_leads
    or convertible_leads > leads_entered
    or leads_entered > stage_entries
{% endfor %}
