with

rows_of_segments as (
    select
        'erp:' || coalesce(organization_id, '{{ var("unknown_id") }}') as tenant_key,
        coalesce(segment_name, '{{ var("unknown_id") }}') as segment_name,
        description,
        row_number() over (
            partition by
                coalesce(organization_id, '{{ var("unknown_id") }}'),
                coalesce(segment_name, '{{ var("unknown_id") }}')
            order by
                case when description is null then 1 else 0 end,
                updated_at desc,
                _batch_seq desc,
                {{ sortable_id('membership_id') }} desc
        ) as latest_first
    from {{ ref('stg_erp__customer_segments') }}
),

memberships as (
    select * from {{ ref('fct_segment_memberships') }}
),

described as (
    select
        tenant_key,
        segment_name,
        description
    from rows_of_segments
    where latest_first = 1
),

joined as (
    select
        tenant_key,
        segment_name,
        min(joined_at) as first_joined_at
    from memberships
    group by
        tenant_key,
        segment_name
),

final as (
    select
        coalesce(described.tenant_key, joined.tenant_key) as tenant_key,
        coalesce(described.segment_name, joined.segment_name) as segment_name,
        described.description,
        joined.first_joined_at
    from described
    full outer join joined
        on
            described.tenant_key = joined.tenant_key
            and described.segment_name = joined.segment_name
)

select * from final
