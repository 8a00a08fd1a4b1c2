{%- set types = [
    'call', 'email', 'meeting', 'support_ticket', 'complaint', 'feedback'
] -%}
{%- set statuses = ['pending', 'in_progress', 'completed', 'cancelled'] -%}

with

customers as (
    select * from {{ ref('int_erp__customers') }}
    where not is_inferred
),

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

interactions as (
    select facts.*
    from {{ ref('fct_interactions') }} as facts
    inner join tenants on facts.tenant_key = tenants.tenant_key
    where coalesce(facts.interaction_date <= tenants.local_date, true)
),

memberships as (
    select * from {{ ref('fct_segment_memberships') }}
    where is_current
),

interaction_counts as (
    select
        tenant_key,
        customer_key,
        count(*) as total_interactions,
        {%- for type in types %}
        count(case when interaction_type = '{{ type }}' then 1 end)
            as {{ type }}_interactions,
        {%- endfor %}
        count(
            case
                when
                    interaction_type not in (
                        {%- for type in types %}
                        '{{ type }}'{{ ',' if not loop.last }}
                        {%- endfor %}
                    )
                    then 1
            end
        ) as other_type_interactions,
        {%- for status in statuses %}
        count(case when status = '{{ status }}' then 1 end)
            as {{ status }}_interactions,
        {%- endfor %}
        count(
            case
                when
                    status not in (
                        {%- for status in statuses %}
                        '{{ status }}'{{ ',' if not loop.last }}
                        {%- endfor %}
                    )
                    then 1
            end
        ) as other_status_interactions,
        min(interaction_date) as first_interaction_date,
        max(interaction_date) as last_interaction_date
    from interactions
    group by
        tenant_key,
        customer_key
),

active_segments as (
    select
        tenant_key,
        customer_key,
        count(*) as active_segment_count,
        {{ dbt.listagg(
            "'{\"name\": ' || " ~ json_quoted('segment_name')
            ~ " || ', \"value\": ' || coalesce("
            ~ json_quoted('segment_value') ~ ", 'null')"
            ~ " || ', \"since\": \"' || cast(joined_date as "
            ~ dbt.type_string() ~ ") || '\"}'",
            "', '",
            'order by ' ~ bytewise('segment_name')
        ) }} as segments
    from memberships
    group by
        tenant_key,
        customer_key
),

final as (
    select
        customers.customer_key,
        customers.tenant_key,
        customers.customer_id,
        customers.customer_name,
        '[' || coalesce(active_segments.segments, '') || ']' as active_segments,
        coalesce(interaction_counts.total_interactions, 0) as total_interactions,
        {%- for name in types + ['other_type'] + statuses + ['other_status'] %}
        coalesce(interaction_counts.{{ name }}_interactions, 0)
            as {{ name }}_interactions,
        {%- endfor %}
        coalesce(active_segments.active_segment_count, 0) as active_segment_count,
        cast(
            {{ dbt.datediff(
                'interaction_counts.last_interaction_date',
                'tenants.local_date',
                'day'
            ) }} as bigint
        ) as days_since_last_interaction,
        interaction_counts.first_interaction_date,
        interaction_counts.last_interaction_date
    from customers
    inner join tenants on customers.tenant_key = tenants.tenant_key
    left join interaction_counts
        on
            customers.tenant_key = interaction_counts.tenant_key
            and customers.customer_key = interaction_counts.customer_key
    left join active_segments
        on
            customers.tenant_key = active_segments.tenant_key
            and customers.customer_key = active_segments.customer_key
)

select * from final
