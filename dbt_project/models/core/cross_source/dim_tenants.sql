with

tenants as (
    {% for source_system in ['consulting', 'erp', 'restaurant', 'shop', 'whatsapp'] %}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        '{{ source_system }}' as source_system,
        tenant_id,
        tenant_name,
        timezone,
        currency_code,
        is_inferred
    from {{ ref('int_' ~ source_system ~ '__tenants') }}
    {% endfor %}
),

final as (
    select
        tenant_key,
        source_system,
        tenant_id,
        tenant_name,
        timezone,
        currency_code,
        is_inferred
    from tenants
)

select * from final
