with

tenants as (
    select
        tenant_key,
        tenant_name,
        local_date as as_of_date
    from {{ ref('int_erp__tenants') }}
),

customers as (
    select * from {{ ref('int_erp__customers') }}
    where not is_inferred
),

interactions as (
    select * from {{ ref('fct_interactions') }}
),

memberships as (
    select * from {{ ref('fct_segment_memberships') }}
    where is_current
),

customer_counts as (
    select
        tenant_key,
        count(*) as total_customers
    from customers
    group by tenant_key
),

windows as (
    select
        tenant_key,
        as_of_date,
        {{ week_start('as_of_date') }} as week_start_date,
        cast({{ dbt.date_trunc('month', 'as_of_date') }} as date) as month_start_date,
        cast({{ dbt.dateadd('day', -6, 'as_of_date') }} as date) as first_of_7_date,
        cast({{ dbt.dateadd('day', -29, 'as_of_date') }} as date) as first_of_30_date
    from tenants
),

past_interactions as (
    select
        windows.*,
        interactions.interaction_date
    from interactions
    inner join windows on interactions.tenant_key = windows.tenant_key
    where coalesce(interactions.interaction_date <= windows.as_of_date, true)
),

interaction_counts as (
    select
        tenant_key,
        count(*) as total_interactions,
        count(case when interaction_date = as_of_date then 1 end)
            as interactions_today,
        count(case when interaction_date >= week_start_date then 1 end)
            as interactions_week_to_date,
        count(case when interaction_date >= month_start_date then 1 end)
            as interactions_month_to_date,
        count(case when interaction_date >= first_of_7_date then 1 end)
            as interactions_trailing_7_days,
        count(case when interaction_date >= first_of_30_date then 1 end)
            as interactions_trailing_30_days
    from past_interactions
    group by tenant_key
),

segments as (
    select
        tenant_key,
        segment_name,
        count(*) as members
    from memberships
    group by
        tenant_key,
        segment_name
),

ranked_segments as (
    select
        *,
        row_number() over (
            partition by tenant_key
            order by members desc, {{ bytewise('segment_name') }} asc
        ) as segment_rank
    from segments
),

top_segments as (
    select
        tenant_key,
        {{ dbt.listagg(
            "'{\"name\": ' || " ~ json_quoted('segment_name')
            ~ " || ', \"members\": ' || cast(members as "
            ~ dbt.type_string() ~ ") || '}'",
            "', '",
            'order by segment_rank'
        ) }} as top_segments
    from ranked_segments
    where segment_rank <= 5
    group by tenant_key
),

final as (
    select
        tenants.tenant_key,
        tenants.tenant_name,
        '[' || coalesce(top_segments.top_segments, '') || ']' as top_segments,
        coalesce(customer_counts.total_customers, 0) as total_customers,
        coalesce(interaction_counts.total_interactions, 0) as total_interactions,
        {%- for name in [
            'today',
            'week_to_date',
            'month_to_date',
            'trailing_7_days',
            'trailing_30_days',
        ] %}
        coalesce(interaction_counts.interactions_{{ name }}, 0)
            as interactions_{{ name }},
        {%- endfor %}
        tenants.as_of_date
    from tenants
    left join customer_counts on tenants.tenant_key = customer_counts.tenant_key
    left join interaction_counts on tenants.tenant_key = interaction_counts.tenant_key
    left join top_segments on tenants.tenant_key = top_segments.tenant_key
)

select * from final
