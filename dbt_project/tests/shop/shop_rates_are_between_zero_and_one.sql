select
    tenant_key,
    period_start_date
from {{ ref('web_behavior_daily') }}
where
    false
    {% for rate in [
        'bounce_rate', 'cart_rate', 'checkout_rate', 'purchase_rate',
        'cart_abandonment_rate'
    ] -%}
    or {{ rate }} < 0 or {{ rate }} > 1
    {% endfor %}
