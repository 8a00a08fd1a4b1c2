with

final as (
    {% for kind in feeding_sources('data_quality') %}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        source_system,
        table_name,
        rule,
        effect,
        row_count,
        first_seen_at,
        last_seen_at
    from {{ ref('int_' ~ kind ~ '__data_quality') }}
    {% endfor %}
)

select * from final
