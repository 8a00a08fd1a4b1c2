with

named as (
    select customer_key from {{ ref('int_cross_source__purchases') }}
    union distinct
    select customer_key from {{ ref('int_cross_source__customer_activity') }}
    {% if feeding_sources('outreach') -%}
    union distinct
    select customer_key from {{ ref('fct_visits') }}
    union distinct
    select customer_key from {{ ref('fct_outreach') }}
    {% endif -%}
)

select named.customer_key
from named
left join {{ ref('dim_customers') }} as customers
    on named.customer_key = customers.customer_key
where customers.customer_key is null
