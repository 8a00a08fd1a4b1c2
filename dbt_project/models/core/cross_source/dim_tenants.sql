with

tenants as (
    {% for kind in feeding_sources('tenants') %}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        {{ source_system_of(kind, 'tenant_key') }} as source_system,
        '{{ kind }}' as source_kind,
        tenant_id,
        tenant_name,
        timezone,
        currency_code,
        high_spender_amount,
        is_inferred
    from {{ ref('int_' ~ kind ~ '__tenants') }}
    {% endfor %}
),

final as (
    select
        tenant_key,
        source_system,
        source_kind,
        tenant_id,
        tenant_name,
        timezone,
        currency_code,
        cast(high_spender_amount as numeric(38, 9)) as high_spender_amount,
        is_inferred
    from tenants
)

select * from final
