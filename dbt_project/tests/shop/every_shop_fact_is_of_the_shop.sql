with

facts as (
    {% for fact in ['web_events', 'sessions', 'product_events', 'orders'] -%}
    {{ 'union distinct' if not loop.first }}
    select tenant_key
    from {{ ref('fct_' ~ fact) }}
    {% endfor %}
)

select facts.tenant_key
from facts
left join {{ ref('int_shop__tenants') }} as tenants
    on facts.tenant_key = tenants.tenant_key
where tenants.tenant_key is null
