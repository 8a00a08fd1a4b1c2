with

marts as (
    {% for mart in ['conversations', 'messages', 'handoffs', 'costs'] -%}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        outlet_id,
        period_start_date
    from {{ ref(mart ~ '_daily') }}
    {% endfor %}
)

select
    tenant_key,
    outlet_id,
    period_start_date
from marts
group by
    tenant_key,
    outlet_id,
    period_start_date
having count(*) <> 4
