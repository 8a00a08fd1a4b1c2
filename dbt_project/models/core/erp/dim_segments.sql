with

rows_of_segments as (
    select
        {{ tenant_key('erp', 'organization_id', of='membership_id') }} as tenant_key,
        coalesce(segment_name, '{{ var("unknown_id") }}') as segment_name,
        description,
        row_number() over (
            partition by
                {{ tenant_key('erp', 'organization_id', of='membership_id') }},
                coalesce(segment_name, '{{ var("unknown_id") }}')
            order by
                case when description is null then 1 else 0 end,
                case when updated_at is null then 1 else 0 end,
                updated_at desc,
                _batch_seq desc,
                {{ sortable_id('membership_id') }} desc
        ) as latest_first
    from {{ ref('stg_erp__customer_segments') }}
),

memberships as (
    select * from {{ ref('fct_segment_memberships') }}
),

interactions as (
    select * from {{ ref('fct_interactions') }}
),

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

described as (
    select
        tenant_key,
        segment_name,
        description
    from rows_of_segments
    where latest_first = 1
),

interaction_counts as (
    select
        interactions.tenant_key,
        interactions.customer_id,
        count(*) as interaction_count
    from interactions
    inner join tenants on interactions.tenant_key = tenants.tenant_key
    where coalesce(interactions.interaction_date <= tenants.local_date, true)
    group by
        interactions.tenant_key,
        interactions.customer_id
),

joined as (
    select
        memberships.tenant_key,
        memberships.segment_name,
        count(case when memberships.is_current then 1 end) as members,
        cast(
            coalesce(
                sum(
                    case
                        when memberships.is_current
                            then interaction_counts.interaction_count
                    end
                ),
                0
            ) as bigint
        ) as lifetime_interactions,
        min(
            case
                when memberships.joined_date <= tenants.local_date
                    then memberships.joined_at
            end
        ) as first_joined_at
    from memberships
    inner join tenants on memberships.tenant_key = tenants.tenant_key
    left join interaction_counts
        on
            memberships.tenant_key = interaction_counts.tenant_key
            and memberships.customer_id = interaction_counts.customer_id
    group by
        memberships.tenant_key,
        memberships.segment_name
),

final as (
    select
        coalesce(described.tenant_key, joined.tenant_key) as tenant_key,
        coalesce(described.segment_name, joined.segment_name) as segment_name,
        described.description,
        coalesce(joined.members, 0) as members,
        coalesce(joined.lifetime_interactions, 0) as lifetime_interactions,
        {{ ratio('joined.lifetime_interactions', 'joined.members') }}
            as average_lifetime_interactions,
        joined.first_joined_at
    from described
    full outer join joined
        on
            described.tenant_key = joined.tenant_key
            and described.segment_name = joined.segment_name
)

select * from final
