with

final as (
    {% for kind in feeding_sources('customers') %}
    {{ 'union all' if not loop.first }}
    select
        customer_key,
        tenant_key,
        source_system,
        customer_id,
        customer_name,
        email_hash,
        phone_hash,
        is_inferred,
        first_seen_at
    from {{ ref('int_' ~ kind ~ '__customers') }}
    {% endfor %}
)

select * from final
